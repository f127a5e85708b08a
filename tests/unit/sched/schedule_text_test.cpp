// What a person may write behind --schedule=, and what is said when it is wrong.
#include <doctest/doctest.h>

#include "runtime/sched/schedule.h"

using namespace mini::sched;

TEST_CASE("a schedule's text is read back as itself") {
  for (const char* text :
       {"interval:5ms", "interval:1us", "interval:2s", "interval:1500us", "every:1", "every:20000",
        "seeded:0", "seeded:18446744073709551615", "steps:T1*3 T2* T1*", "steps:T0 T10*12"}) {
    CAPTURE(text);
    const ParsedSchedule parsed = parse_schedule(text);
    REQUIRE(parsed.schedule);
    CHECK(parsed.schedule->text() == text);
    CHECK(parsed.schedule->clone()->text() == text);
    CHECK(parsed.error.empty());
  }
  CHECK(parse_schedule("interval:0.5ms").schedule->text() == "interval:500us");
  CHECK(parse_schedule("steps: T1*3,T2* ").schedule->text() == "steps:T1*3 T2*");
  CHECK(parse_schedule("interval:10ns").schedule->text() == "interval:1us");  // CPython's least
}

TEST_CASE("only the interval runs on real time") {
  CHECK(parse_schedule("interval:5ms").schedule->clock() == ClockKind::Real);
  CHECK(parse_schedule("every:5").schedule->clock() == ClockKind::Virtual);
  CHECK(parse_schedule("seeded:5").schedule->clock() == ClockKind::Virtual);
  CHECK(parse_schedule("steps:T0").schedule->clock() == ClockKind::Virtual);
}

TEST_CASE("a text that is no schedule is refused with what is wanted") {
  struct Row {
    const char* text;
    const char* says;
  };
  for (const Row& row : std::initializer_list<Row>{
           {"", "not one of"},
           {"often", "not one of"},
           {"interval", "needs a time"},
           {"interval:", "needs a time"},
           {"interval:5", "needs a time"},
           {"interval:5m", "needs a time"},
           {"interval:-5ms", "needs a time"},
           {"interval:0s", "needs a time"},
           {"interval:1e300s", "needs a time"},
           {"interval:5 ms", "needs a time"},
           {"interval:nans", "needs a time"},
           {"every:0", "from 1"},
           {"every:-1", "from 1"},
           {"every:1.5", "from 1"},
           {"every:99999999999999999999", "from 1"},
           {"seeded:x", "needs a number"},
           {"seeded:18446744073709551616", "needs a number"},
           {"steps:", "needs a list"},
           {"steps:1", "'1' is no step"},
           {"steps:T1*3 T2*0", "'T2*0' is no step"},
           {"steps:T", "'T' is no step"},
           {"steps:T*", "'T*' is no step"},
           {"steps:T1**", "'T1**' is no step"},
           {"steps:T-1", "'T-1' is no step"},
       }) {
    CAPTURE(row.text);
    const ParsedSchedule parsed = parse_schedule(row.text);
    CHECK_FALSE(parsed.schedule);
    CHECK(parsed.error.find(row.says) != std::string::npos);
  }
}

TEST_CASE("times are read exactly and written in the largest unit that is exact") {
  CHECK(parse_time("5ms") == 5'000'000);
  CHECK(parse_time("1.5us") == 1'500);
  CHECK(parse_time("7ns") == 7);
  CHECK(parse_time("0.1s") == 100'000'000);
  CHECK(time_text(1'000'000'000) == "1s");
  CHECK(time_text(1'500'000) == "1500us");
  CHECK(time_text(1) == "1ns");
}
