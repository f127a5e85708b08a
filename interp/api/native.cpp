// C++ functions that scripts call.
#include "interp/api/core.h"

namespace mini::detail {

namespace {

using object::BuiltinType;

class Calling final : public NativeCall {
 public:
  Calling(Core& owner, object::Call& bound) : core(owner), call(bound) {}
  Core& core;
  object::Call& call;
  Ref<object::Value> result = object::unboxed(object::kNone);
  bool failed = false;
};

const Calling& calling(const NativeCall& call) { return static_cast<const Calling&>(call); }

constexpr object::Signature kNoSignature{"f()"};
constexpr std::string_view kParameter = "argument";  // what each parameter of a C++ function is called

}  // namespace

HostFunction::HostFunction(Core& owner, NativeFunction given)
    : NativeDefinition{kNoSignature, nullptr},
      native(std::move(given)),
      text(std::string(kParameter) + native.name),
      core(&owner) {
  signature.text = text;
  signature.name = native.name;
  signature.variadic = native.variadic;
  if (!native.variadic)  // else counted by call_host()
    signature.count = signature.positional = signature.positional_only = static_cast<uint32_t>(native.most);
  signature.count_slots();
  if (native.variadic) return;
  signature.required = static_cast<uint32_t>(native.required);
  for (uint32_t i = 0; i < signature.count; ++i) signature.parameters[i] = {0, static_cast<uint16_t>(kParameter.size())};
}

Vm& NativeCall::vm() const { return *calling(*this).core.owner; }
size_t NativeCall::count() const { return calling(*this).call.count; }
bool NativeCall::given(size_t index) const {
  const object::Call& call = calling(*this).call;
  return index < call.count && !call.args[index].is_unbound();
}
int64_t NativeCall::integer(size_t index) const {
  const object::Value argument = calling(*this).call.args[index];
  if (argument.is_int()) [[likely]] return argument.as_int();
  return to_int64(value(index));
}
double NativeCall::real(size_t index) const {
  const object::Value argument = calling(*this).call.args[index];
  if (argument.is_float()) [[likely]] return argument.as_double();
  return to_double(value(index));
}
bool NativeCall::flag(size_t index) const {
  const object::Value argument = calling(*this).call.args[index];
  return argument.is_bool() ? argument.as_bool() : to_bool(value(index));
}
std::string NativeCall::text(size_t index) const {
  const Calling& self = calling(*this);
  const object::Value argument = self.call.args[index];
  if (object::Str* text = object::as_str(self.call.heap, argument)) return to_utf8(text);
  throw_error(ErrorKind::kScript,
              fmt::format("{}() argument {} must be str, not {}",
                          static_cast<const HostFunction*>(self.call.definition)->native.name, index + 1,
                          type_name(self.call.heap, argument)),
              "TypeError");
}
Value NativeCall::value(size_t index) const {
  const Calling& self = calling(*this);
  return self.core.adopt(Ref<object::Value>::share(self.call.args[index]));
}
void NativeCall::answer(const Argument& result) {
  auto& self = static_cast<Calling&>(*this);
  if (result.kind == Argument::Kind::kInt && object::Value::fits_int(result.number)) {
    self.result = object::unboxed(object::Value::integer(result.number));
    return;
  }
  auto made = self.core.make(result);
  self.failed = !made.ok();
  if (made.ok()) self.result = made.take();
}

base::Result<Ref<object::Value>> Core::call_host(object::Call& call) {
  auto& function = *static_cast<const HostFunction*>(call.definition);
  Core& core = *function.core;
  if (function.native.variadic && call.count < function.native.required)
    return call.heap.raise(BuiltinType::kTypeError, "{} expected at least {} argument{}, got {}", function.native.name,
                           function.native.required, function.native.required == 1 ? "" : "s", call.count);
  vm::ThreadState& thread = core.machine->current();
  if (!vm::enter_native(thread)) return base::raised;
  Calling self(core, call);
  bool thrown = false;
  ++thread.host_calls;
  {
    const HostScope scope(core, false);
    try {
      function.native.body(self);
    } catch (...) {
      core.raise_current(thread);
      thrown = true;
    }
  }
  --thread.host_calls;
  vm::leave_native(thread);
  if (thread.abandoned && !call.heap.has_pending())
    return call.heap.raise_text(BuiltinType::kSystemExit, "the run is over");
  if (thrown || self.failed || thread.abandoned) return base::raised;
  return std::move(self.result);
}

Value Core::make_function(NativeFunction native) {
  if (native.most > object::Signature::kMaxParameters) throw_usage("a C++ function with more than 12 parameters");
  return value_inside([&](Entry& entry) -> base::Result<Ref<object::Value>> {
    HostFunction& function = functions_.emplace_back(*this, std::move(native));
    function.function = call_host;
    return object::widen(object::make_native(entry.heap(), function));
  });
}

}  // namespace mini::detail

namespace mini {

Module& Module::add(detail::NativeFunction function) {
  const std::string name = function.name;
  return set(name, vm_->make_function(std::move(function)));
}

}  // namespace mini
