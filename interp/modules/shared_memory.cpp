// What processes share after a fork: semaphores, and cells with numbers. Each lies in a mapping of its own, which the system
// drops with the last process that has it: nothing is left behind, whoever is killed when.
#include <semaphore.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstring>

#include "interp/modules/multiprocessing.h"

namespace mini::modules {
namespace {

Result<void*> map_shared(Heap& heap, size_t bytes) {
  void* mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return raise_os_error(heap, errno);
  return mapped;
}

// Semaphores ----------------------------------------------------------------------------------------------------------

/// Locks and semaphores, as CPython's (3.13 Modules/_multiprocessing/semaphore.c).
struct SemLock : Tracked {
  sem_t* semaphore;
  int64_t most;      ///< value that release() does not pass
  uint64_t owner;    ///< ident of the thread of this process that acquired it last
  uint32_t kind;
  int32_t held;      ///< how often this process has acquired it, less releases …
  uint32_t process;  ///< … if this is MachineState::process: what is held else, another one of the family holds

  static constexpr uint32_t kRecursive = 0, kSemaphore = 1;
};
SemLock* as_semaphore(Value value) { return static_cast<SemLock*>(value.as_object()); }

int32_t& held_of(ThreadState& thread, SemLock* lock) {
  const uint32_t process = thread.machine->state().process;
  if (std::exchange(lock->process, process) != process) lock->held = 0;
  return lock->held;
}
bool is_mine(ThreadState& thread, SemLock* lock) {
  return held_of(thread, lock) > 0 && lock->owner == thread.identity;
}

int value_of(const SemLock* lock) {
  int value = 0;
  ::sem_getvalue(lock->semaphore, &value);
  return std::max(value, 0);
}

Result<Ref<Value>> construct_semaphore(Call& call) {
  Heap& heap = call.heap;
  const int64_t kind = MINI_TRY(to_int64(heap, call[1])), value = MINI_TRY(to_int64(heap, call[2]));
  const int64_t most = MINI_TRY(to_int64(heap, call[3]));
  if (kind != SemLock::kRecursive && kind != SemLock::kSemaphore)
    return heap.raise_text(BuiltinType::kValueError, "unrecognized kind");
  if (value < 0 || value > SEM_VALUE_MAX) return raise_os_error(heap, EINVAL);
  MINI_TRY(check_can_fork(thread_of(call)));
  Ref<SemLock> lock = MINI_TRY(heap.create<SemLock>(self_of<Type>(call)));
  lock->kind = static_cast<uint32_t>(kind);
  lock->most = most;
  auto* semaphore = static_cast<sem_t*>(MINI_TRY(map_shared(heap, sizeof(sem_t))));
  ::sem_init(semaphore, 1, static_cast<unsigned>(value));
  lock->semaphore = semaphore;
  return lock;
}

/// One look after the other until it was acquired, or time is up.
Result<Ref<Value>> acquire_by(Call& call, Result<sched::Time> (*deadline_of)(Call&)) {
  ThreadState& thread = thread_of(call);
  SemLock* lock = as_semaphore(call[0]);
  const bool first = take_phase(thread) == 0;
  if (lock->kind == SemLock::kRecursive && is_mine(thread, lock)) {
    ++lock->held;
    return unboxed(kTrue);
  }
  const sched::Time deadline = first ? MINI_TRY(deadline_of(call)) : thread.suspension.deadline;
  for (;;) {
    if (::sem_trywait(lock->semaphore) == 0) break;
    if (sched::monotonic_now() >= deadline) return unboxed(kFalse);
    bool acquired = false;
    sem_t* semaphore = lock->semaphore;
    const Waited waited = wait_outside(thread, deadline, [&](sched::Time until) {
      const timespec time{.tv_sec = until / sched::kSecond, .tv_nsec = until % sched::kSecond};
      acquired = ::sem_clockwait(semaphore, CLOCK_MONOTONIC, &time) == 0;
    });
    if (waited == Waited::kRaised) {
      if (acquired) ::sem_post(semaphore);
      return raised;
    }
    if (acquired) break;
    if (waited == Waited::kPark) return park(call, 1, deadline);
  }
  ++held_of(thread, lock);
  lock->owner = thread.identity;
  return unboxed(kTrue);
}
Result<sched::Time> deadline_of_acquire(Call& call) {
  if (!MINI_TRY(flag_argument(call, call[1], true))) return sched::Time{0};
  return deadline_argument(call, 2);
}
Result<sched::Time> no_deadline(Call&) { return sched::kNever; }
Result<Ref<Value>> acquire(Call& call) { return acquire_by(call, deadline_of_acquire); }
Result<Ref<Value>> enter(Call& call) { return acquire_by(call, no_deadline); }

Result<Ref<Value>> release(Call& call) {
  Heap& heap = call.heap;
  SemLock* lock = as_semaphore(call[0]);
  if (lock->kind == SemLock::kRecursive) {
    if (!is_mine(thread_of(call), lock))
      return heap.raise_text(BuiltinType::kAssertionError, "attempt to release recursive lock not owned by thread");
    if (lock->held > 1) {
      --lock->held;
      return none();
    }
  } else if (value_of(lock) >= lock->most) {
    return heap.raise_text(BuiltinType::kValueError, "semaphore or lock released too many times");
  }
  if (::sem_post(lock->semaphore) != 0) return raise_os_error(heap, errno);
  --held_of(thread_of(call), lock);
  return none();
}
Result<Ref<Value>> count(Call& call) {
  return unboxed(Value::integer(held_of(thread_of(call), as_semaphore(call[0]))));
}
Result<Ref<Value>> semaphore_is_mine(Call& call) { return Ref<Value>(is_mine(thread_of(call), as_semaphore(call[0]))); }
Result<Ref<Value>> get_value(Call& call) { return unboxed(Value::integer(value_of(as_semaphore(call[0])))); }
Result<Ref<Value>> is_zero(Call& call) { return Ref<Value>(value_of(as_semaphore(call[0])) == 0); }

void visit_semaphore(Object* object, Visitor& visitor) {
  auto* lock = static_cast<SemLock*>(object);
  const auto value = static_cast<uint64_t>(lock->semaphore ? value_of(lock) : 0);
  for (const uint64_t field : {static_cast<uint64_t>(lock->most), lock->owner, uint64_t{lock->kind},
                               uint64_t{lock->process}, static_cast<uint64_t>(lock->held), value})
    visitor.scalar(field);
}
void drop_semaphore(Heap&, Object* object) {
  sem_t* semaphore = std::exchange(static_cast<SemLock*>(object)->semaphore, nullptr);
  if (semaphore) ::munmap(semaphore, sizeof(sem_t));
}

constexpr NativeDefinition kMakeSemaphore{"SemLock.__new__(type, kind, value, maxvalue)", construct_semaphore};
constexpr NativeDefinition kSemaphoreMethods[] = {
    {"SemLock.acquire(self, block=True, timeout=None)", acquire},
    {"SemLock.release(self)", release},
    {"SemLock.__enter__(self)", enter},
    {"SemLock.__exit__(self, exc_type=None, exc_value=None, exc_tb=None, /)", release},
    {"SemLock._count(self)", count},
    {"SemLock._is_mine(self)", semaphore_is_mine},
    {"SemLock._get_value(self)", get_value},
    {"SemLock._is_zero(self)", is_zero},
};

// Cells ---------------------------------------------------------------------------------------------------------------

/// Numbers of one kind in a row, as the letters of CPython's `array` name them.
struct SharedCells : Tracked {
  std::byte* memory;
  uint64_t length;
  uint32_t width;  ///< bytes of each
  char code;
};
SharedCells* as_cells(Value value) { return static_cast<SharedCells*>(value.as_object()); }

uint32_t width_of(char code) {
  switch (code) {
    case 'c': case 'b': case 'B': return 1;
    case 'h': case 'H': return 2;
    case 'i': case 'I': case 'f': return 4;
    case 'l': case 'L': case 'q': case 'Q': case 'd': return 8;
    default: return 0;
  }
}

Result<Ref<Value>> construct_cells(Call& call) {
  Heap& heap = call.heap;
  const std::string code = MINI_TRY(text_argument(heap, call[1], "typecode"));
  const int64_t length = MINI_TRY(to_int64(heap, call[2]));
  const uint32_t width = code.size() == 1 ? width_of(code[0]) : 0;
  if (width == 0) return heap.raise_text(BuiltinType::kTypeError, "this type has no size");
  if (length < 0) return heap.raise_text(BuiltinType::kValueError, "Array length must be >= 0");
  if (length > int64_t{1} << 40) return heap.raise_memory_error();
  MINI_TRY(check_can_fork(thread_of(call)));
  Ref<SharedCells> cells = MINI_TRY(heap.create<SharedCells>(self_of<Type>(call)));
  cells->code = code[0];
  cells->width = width;
  void* memory = MINI_TRY(map_shared(heap, std::max<uint64_t>(static_cast<uint64_t>(length) * width, 1)));
  cells->memory = static_cast<std::byte*>(memory);
  cells->length = static_cast<uint64_t>(length);
  return cells;
}

Result<std::byte*> cell_at(Call& call) {
  SharedCells* cells = as_cells(call[0]);
  int64_t index = MINI_TRY(index_of(call.heap, call[1], "indices must be integers"));
  if (index < 0) index += static_cast<int64_t>(cells->length);
  if (index < 0 || index >= static_cast<int64_t>(cells->length))
    return call.heap.raise_text(BuiltinType::kIndexError, "invalid index");
  return cells->memory + static_cast<uint64_t>(index) * cells->width;
}

template <class Number>
Number load(const std::byte* at) {
  Number number;
  __atomic_load(reinterpret_cast<const Number*>(at), &number, __ATOMIC_RELAXED);
  return number;
}
template <class Number>
void store(std::byte* at, Number number) {
  __atomic_store(reinterpret_cast<Number*>(at), &number, __ATOMIC_RELAXED);
}

Result<Ref<Value>> get_cell(Call& call) {
  Heap& heap = call.heap;
  const std::byte* at = MINI_TRY(cell_at(call));
  switch (as_cells(call[0])->code) {
    case 'c': return widen(make_bytes(heap, at, 1));
    case 'b': return make_int(heap, load<int8_t>(at));
    case 'B': return make_int(heap, load<uint8_t>(at));
    case 'h': return make_int(heap, load<int16_t>(at));
    case 'H': return make_int(heap, load<uint16_t>(at));
    case 'i': return make_int(heap, load<int32_t>(at));
    case 'I': return make_int(heap, load<uint32_t>(at));
    case 'l': case 'q': return make_int(heap, load<int64_t>(at));
    case 'L': case 'Q': return make_int(heap, base::Integer::from_unsigned(load<uint64_t>(at)));
    case 'f': return make_float(heap, static_cast<double>(load<float>(at)));
    default: return make_float(heap, load<double>(at));
  }
}

/// The lowest 64 bits of an int, as C takes them.
Result<uint64_t> low_bits(Heap& heap, Value value) {
  Ref<Value> index = MINI_TRY(to_index(heap, value));
  if (index.get().is_int()) return static_cast<uint64_t>(index.get().as_int());
  const base::Integer low = integer_of(index) & base::Integer::from_unsigned(UINT64_MAX);
  uint32_t limbs[2] = {};
  low.to_limbs({limbs, low.limb_count()});
  return uint64_t{limbs[1]} << 32 | limbs[0];
}

Result<Ref<Value>> set_cell(Call& call) {
  Heap& heap = call.heap;
  std::byte* at = MINI_TRY(cell_at(call));
  const SharedCells* cells = as_cells(call[0]);
  switch (cells->code) {
    case 'c': {
      auto* bytes = has_kind(call[2], BuiltinType::kBytes) ? static_cast<Bytes*>(call[2].as_object()) : nullptr;
      if (!bytes || bytes->length != 1)
        return heap.raise_text(BuiltinType::kTypeError, "one character bytes, bytearray or integer expected");
      store<uint8_t>(at, bytes->data()[0]);
      return none();
    }
    case 'f': store(at, static_cast<float>(MINI_TRY(to_double(heap, call[2])))); return none();
    case 'd': store(at, MINI_TRY(to_double(heap, call[2]))); return none();
    default: break;
  }
  const uint64_t bits = MINI_TRY(low_bits(heap, call[2]));
  switch (cells->width) {
    case 1: store(at, static_cast<uint8_t>(bits)); break;
    case 2: store(at, static_cast<uint16_t>(bits)); break;
    case 4: store(at, static_cast<uint32_t>(bits)); break;
    default: store(at, bits);
  }
  return none();
}
Result<Ref<Value>> length_of(Call& call) { return make_int(call.heap, static_cast<int64_t>(as_cells(call[0])->length)); }

void visit_cells(Object* object, Visitor& visitor) {
  auto* cells = static_cast<SharedCells*>(object);
  visitor.scalar(uint64_t{cells->width} << 8 | static_cast<unsigned char>(cells->code));
  visitor.content(cells->memory, cells->length * cells->width);
}
void drop_cells(Heap&, Object* object) {
  auto* cells = static_cast<SharedCells*>(object);
  if (std::byte* memory = std::exchange(cells->memory, nullptr))
    ::munmap(memory, std::max<uint64_t>(cells->length * cells->width, 1));
}

constexpr NativeDefinition kMakeCells{"SharedCells.__new__(type, typecode, length)", construct_cells};
constexpr NativeDefinition kCellsMethods[] = {
    {"SharedCells.get(self, index, /)", get_cell},
    {"SharedCells.set(self, index, value, /)", set_cell},
    {"SharedCells.length(self)", length_of},
};

}  // namespace

Result<void> define_semaphore_type(Heap& heap) {
  MINI_TRY(define_type(heap, BuiltinType::kSemLock,
                       {.instance_size = sizeof(SemLock),
                        .tracked = true,
                        .subclassable = false,
                        .behaviour = {.visit = visit_semaphore, .drop = drop_semaphore},
                        .construct = &kMakeSemaphore,
                        .methods = kSemaphoreMethods}));
  Type* type = heap.type(BuiltinType::kSemLock);
  MINI_TRY(add_getset(heap, type, "kind", [](Heap&, Value self) -> Result<Ref<Value>> {
    return unboxed(Value::integer(as_semaphore(self)->kind));
  }));
  return add_getset(heap, type, "maxvalue", [](Heap& owner, Value self) {
    return make_int(owner, as_semaphore(self)->most);
  });
}

Result<void> define_shared_cells_type(Heap& heap) {
  return define_type(heap, BuiltinType::kSharedCells,
                     {.instance_size = sizeof(SharedCells),
                      .tracked = true,
                      .subclassable = false,
                      .behaviour = {.visit = visit_cells, .drop = drop_cells},
                      .construct = &kMakeCells,
                      .methods = kCellsMethods});
}

}  // namespace mini::modules
