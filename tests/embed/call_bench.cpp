// What a call costs, in both directions, beside Lua 5.4's C API doing the same. Google Benchmark; `make -f Makefile.extra
// bench-calls`. "held" is with the GIL held, as Lua has none; "free" takes and releases it each time.
#include <benchmark/benchmark.h>

#include "mini/mini.h"

#ifdef MINI_HAS_LUA
#include <lua.hpp>
#endif

namespace {

constexpr int kCalls = 1000;

void mini_call_script(benchmark::State& state, bool held) {
  mini::Vm vm;
  vm.run("def add(a, b): return a + b");
  const mini::Value add = vm.get("add");
  std::optional<mini::Lock> lock;
  if (held) lock.emplace(vm);
  std::int64_t sum = 0;
  for (auto _ : state) sum += add(1, 2).to<std::int64_t>();
  benchmark::DoNotOptimize(sum);
}
BENCHMARK_CAPTURE(mini_call_script, held, true);
BENCHMARK_CAPTURE(mini_call_script, free, false);

void mini_call_cpp(benchmark::State& state) {
  mini::Vm vm;
  vm.define("add", [](std::int64_t a, std::int64_t b) { return a + b; });
  vm.run("def loop(n):\n    for i in range(n):\n        add(i, 2)\n");
  const mini::Value loop = vm.get("loop");
  for (auto _ : state) loop(kCalls);
  state.SetItemsProcessed(state.iterations() * kCalls);
}
BENCHMARK(mini_call_cpp);

void mini_take_gil(benchmark::State& state) {
  mini::Vm vm;
  for (auto _ : state) mini::Lock lock(vm);
}
BENCHMARK(mini_take_gil);

#ifdef MINI_HAS_LUA

int lua_add(lua_State* L) {
  lua_pushinteger(L, luaL_checkinteger(L, 1) + luaL_checkinteger(L, 2));
  return 1;
}

void lua_call_script(benchmark::State& state) {
  lua_State* L = luaL_newstate();
  luaL_openlibs(L);
  if (luaL_dostring(L, "function add(a, b) return a + b end") != LUA_OK) state.SkipWithError("lua");
  lua_getglobal(L, "add");
  std::int64_t sum = 0;
  for (auto _ : state) {
    lua_pushvalue(L, -1);
    lua_pushinteger(L, 1);
    lua_pushinteger(L, 2);
    if (lua_pcall(L, 2, 1, 0) != LUA_OK) state.SkipWithError("lua");
    sum += lua_tointeger(L, -1);
    lua_pop(L, 1);
  }
  benchmark::DoNotOptimize(sum);
  lua_close(L);
}
BENCHMARK(lua_call_script);

void lua_call_c(benchmark::State& state) {
  lua_State* L = luaL_newstate();
  luaL_openlibs(L);
  lua_register(L, "add", lua_add);
  if (luaL_dostring(L, "function loop(n) for i = 1, n do add(i, 2) end end") != LUA_OK) state.SkipWithError("lua");
  lua_getglobal(L, "loop");
  for (auto _ : state) {
    lua_pushvalue(L, -1);
    lua_pushinteger(L, kCalls);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK) state.SkipWithError("lua");
  }
  state.SetItemsProcessed(state.iterations() * kCalls);
  lua_close(L);
}
BENCHMARK(lua_call_c);

#endif

}  // namespace

BENCHMARK_MAIN();
