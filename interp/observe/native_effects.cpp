#include "interp/observe/native_effects.h"

namespace mini::observe {

namespace {

struct Row {
  Effect effect;
  /// Names as in the signatures, with a space around each. `str.` stands for all methods of str that no other row names.
  std::string_view names;
};

constexpr Row kRows[] = {
    {Effect::kNothing,
     " get_ident get_native_id _get_main_thread_ident _thread.allocate_lock stack_size daemon_threads_allowed exit quit"
     " _excepthook lock.__new__ RLock.__new__ _ThreadHandle.__new__ Random.__new__ RLock._is_owned callable isinstance issubclass"
     " compile eval exec globals locals __import__ __build_class__ object.__reduce__ object.__reduce_ex__ object.__getstate__"
     " _random._text_seed object.__new__ object.__init_subclass__ object.__sizeof__ type.__new__ type.mro type.__class_getitem__"
     " type.__instancecheck__ type.__subclasscheck__ type.__prepare__ object.__subclasshook__"
     " super.__new__ method.__new__ module.__new__ staticmethod.__new__ classmethod.__new__ TextIOWrapper.fileno"
     " TextIOWrapper.isatty TextIOWrapper.readable TextIOWrapper.writable TextIOWrapper.__enter__ open"
     " itertool.__iter__ _deque_iterator.__iter__ function.__get__ method.__get__ partial.__new__ itemgetter.__new__"
     " attrgetter.__new__ methodcaller.__new__ StringIO.__new__ BytesIO.__new__ SimpleQueue.__new__ _lru_cache_wrapper."
     " __bool__ __new__ TextIOWrapper.__iter__ enumerate.__iter__ filter.__iter__ map.__iter__"
     " zip.__iter__ BaseException. property. sys.exit sys.exc_info time. math. int. float. bool. "},
    {Effect::kAsksMachine, " interrupt_main RLock._recursion_count type.__subclasses__ gc. sys. mini_gil. "},
    {Effect::kReadSelf, " len __len__ __length_hint__ list.copy dict.copy dict.keys dict.values dict.items list.__reversed__"
                        " dict.__reversed__ iter __iter__ Random._getstate deque.copy deque.__copy__ deque.__reversed__"
                        " defaultdict.copy defaultdict.__copy__ OrderedDict.copy StringIO.getvalue BytesIO.getvalue "},
    {Effect::kWriteSelf,
     " list.append list.insert list.pop list.clear list.reverse dict.clear dict.popitem set.pop set.clear"
     " deque.append deque.appendleft deque.pop deque.popleft deque.clear deque.insert deque.reverse deque.rotate OrderedDict.popitem"
     " OrderedDict.move_to_end atexit.register"
     " Random.random Random.getrandbits Random.seed Random._setstate generator.send generator.throw"
     " generator.close generator.__next__ SimpleQueue. "},
    {Effect::kWriteSelfFrom,
     " list.extend list.remove list.sort list.__init__ dict.update dict.__init__ set.update set.__init__ __init__"
     " set.difference_update set.intersection_update set.symmetric_difference_update"
     " deque.__init__ deque.extend deque.extendleft deque.remove defaultdict.__init__ _collections._count_elements"
     " _heapq. _bisect.insort_right _bisect.insort_left"
     " operator.iadd operator.iand operator.iconcat operator.ior operator.ixor operator.isub operator.imul"
     " __iadd__ __imul__ __ior__ __iand__ __isub__ __ixor__ "},
    {Effect::kReadEntry, " dict.get __getitem__ __contains__ operator.getitem operator.contains "},
    {Effect::kWriteEntry, " dict.pop dict.setdefault set.add set.discard set.remove __delitem__ operator.delitem defaultdict.__missing__ "},
    {Effect::kStoreEntry, " __setitem__ operator.setitem "},
    {Effect::kReadArguments,
     " abs all any ascii bin chr divmod format hash hex max min oct ord pow repr round sorted sum"
     " list.count list.index list.__new__ dict.__new__ dict.fromkeys set.__new__ frozenset.__new__ enumerate.__new__"
     " filter.__new__ map.__new__ reversed.__new__ slice.__new__ zip.__new__ object.__format__ object.__dir__ dir"
     " __eq__ __ne__ __lt__ __le__ __gt__ __ge__ __hash__ __repr__ __str__ __neg__ __pos__ __invert__ iterator.__length_hint__"
     " __add__ __and__ __divmod__ __floordiv__ __lshift__ __mod__ __mul__ __or__ __pow__ __rshift__ __sub__ __truediv__ __xor__"
     " __radd__ __rand__ __rdivmod__ __rfloordiv__ __rlshift__ __rmod__ __rmul__ __ror__ __rpow__ __rrshift__ __rsub__ __rtruediv__ __rxor__"
     " set.copy set.difference set.intersection set.isdisjoint set.issubset set.issuperset set.symmetric_difference set.union"
     " deque.__new__ deque.count deque.index defaultdict.__new__ OrderedDict.__new__ itertools.tee accumulate. batched. chain."
     " combinations. combinations_with_replacement. compress. count. cycle. dropwhile. filterfalse. groupby. islice. pairwise."
     " permutations. product. repeat. starmap. takewhile. zip_longest. operator. _functools.reduce _bisect. _deque_iterator.__length_hint__"
     " str. bytes. tuple. range. range_iterator. longrange_iterator. set_iterator. slice. frozenset. dict_keys. dict_values."
     " dict_items. mappingproxy. "},
    {Effect::kAdvance, " next __next__ enumerate.__next__ filter.__next__ map.__next__ zip.__next__ itertool.__next__"
                        " _deque_iterator.__next__ "},
    {Effect::kReadAttribute, " getattr hasattr __getattribute__ "},
    {Effect::kWriteAttribute, " setattr __setattr__ "},
    {Effect::kDeleteAttribute, " delattr __delattr__ "},
    {Effect::kReadDescribed, " __get__ "},
    {Effect::kWriteDescribed, " __set__ __delete__ "},
    {Effect::kNamespace, " vars "},
    {Effect::kLock, " lock.acquire lock.release lock.__enter__ lock.__exit__ lock.acquire_lock lock.release_lock RLock.acquire"
                    " RLock.release RLock.__enter__ RLock.__exit__ RLock._release_save RLock._acquire_restore "},
    {Effect::kReadLock, " lock.locked lock.locked_lock "},
    {Effect::kStart, " start_new_thread start_joinable_thread _start_and_wait "},
    {Effect::kJoin, " _ThreadHandle.join "},
    {Effect::kAskThread, " _ThreadHandle.is_done "},
    {Effect::kWriteThread, " _ThreadHandle._begin _ThreadHandle._set_done "},
    {Effect::kThreads, " _count _make_thread_handle "},
    {Effect::kSerial, " id "},
    {Effect::kNewSerial, " _local.__new__ "},
    {Effect::kCall, " function.__call__ method.__call__ builtin_function_or_method.__call__ staticmethod.__call__ type.__call__ "
                    "operator.call "},
    {Effect::kPrint, " print "},
    {Effect::kInput, " input "},
    {Effect::kWriteFile, " TextIOWrapper. FileIO. BufferedReader. BufferedWriter. BufferedRandom. StringIO. BytesIO. _IOBase.__next__ "},
};

bool lists(std::string_view names, std::string_view name) {
  for (size_t at = names.find(name); at != std::string_view::npos; at = names.find(name, at + 1))
    if (names[at - 1] == ' ' && names[at + name.size()] == ' ') return true;
  return false;
}

}  // namespace

Effect effect_of(const object::NativeDefinition& definition) {
  std::string_view name = definition.signature.name;
  for (const Row& row : kRows)
    if (lists(row.names, name)) return row.effect;
  const size_t dot = name.find('.');
  if (dot == std::string_view::npos) return Effect::kUnknown;
  name = name.substr(0, dot + 1);
  for (const Row& row : kRows)
    if (lists(row.names, name)) return row.effect;
  return Effect::kUnknown;
}

}  // namespace mini::observe
