/// \file
/// All of mini's public interface. Each header can also be included by itself.
///
///     mini::Vm vm;
///     vm.run("def greet(name): return 'hello, ' + name");
///     std::string text = vm.call("greet", "world").to<std::string>();
#pragma once

#include "mini/convert.h"
#include "mini/error.h"
#include "mini/gil.h"
#include "mini/native.h"
#include "mini/observer.h"
#include "mini/options.h"
#include "mini/outcomes.h"
#include "mini/schedule.h"
#include "mini/state.h"
#include "mini/value.h"
#include "mini/version.h"
#include "mini/vm.h"
