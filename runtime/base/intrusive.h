// The one place that names Boost.Intrusive. Its containers allocate nothing, so they may live in a VM's
// memory; safe_link hooks know whether they are linked, and destroying a linked one is an assertion.
//
// Every list head and node must lie in the same VM's memory: the memory is saved and restored by copying
// bytes, and nothing in it may point outside, or be pointed to from outside across a restore.
#pragma once

#include "runtime/base/assert.h"

#define BOOST_INTRUSIVE_SAFE_HOOK_DEFAULT_ASSERT MINI_ASSERT
#define BOOST_INTRUSIVE_SAFE_HOOK_DESTRUCTOR_ASSERT MINI_ASSERT

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>
#include <boost/intrusive/unordered_set.hpp>
#include <functional>

namespace mini::base {

/// Base-class hook of a doubly linked list. A type that is in several lists at a time derives from several
/// hooks with different tags (any incomplete type). An object unlinks itself from its List in constant time
/// only through the list (`list.erase(list.iterator_to(object))`).
template <class Tag = void>
using ListHook = boost::intrusive::list_base_hook<boost::intrusive::tag<Tag>,
                                                  boost::intrusive::link_mode<boost::intrusive::safe_link>>;
/// The same as a member: `ListMemberHook waiting_hook;` with `MemberList<Thread, &Thread::waiting_hook>`.
using ListMemberHook =
    boost::intrusive::list_member_hook<boost::intrusive::link_mode<boost::intrusive::safe_link>>;

/// size() counts, in linear time.
template <class T, class Tag = void>
using List = boost::intrusive::list<T, boost::intrusive::base_hook<ListHook<Tag>>,
                                    boost::intrusive::constant_time_size<false>>;
template <class T, ListMemberHook T::*kMember>
using MemberList = boost::intrusive::list<T, boost::intrusive::member_hook<T, ListMemberHook, kMember>,
                                          boost::intrusive::constant_time_size<false>>;

/// Base-class hook of a balanced tree (red-black).
template <class Tag = void>
using SetHook = boost::intrusive::set_base_hook<boost::intrusive::tag<Tag>,
                                                boost::intrusive::link_mode<boost::intrusive::safe_link>>;
template <class T, class Compare = std::less<T>, class Tag = void>
using Set =
    boost::intrusive::set<T, boost::intrusive::base_hook<SetHook<Tag>>, boost::intrusive::compare<Compare>,
                          boost::intrusive::constant_time_size<false>>;
/// Equal elements are allowed, and stay in the order of insertion.
template <class T, class Compare = std::less<T>, class Tag = void>
using MultiSet = boost::intrusive::multiset<T, boost::intrusive::base_hook<SetHook<Tag>>,
                                            boost::intrusive::compare<Compare>,
                                            boost::intrusive::constant_time_size<false>>;

/// Base-class hook of a hash table that stores the hash. The buckets are an array in the VM's memory, given
/// to the table as HashBucketTraits; growing is explicit (`rehash`).
template <class Tag = void>
using HashHook =
    boost::intrusive::unordered_set_base_hook<boost::intrusive::tag<Tag>,
                                              boost::intrusive::link_mode<boost::intrusive::safe_link>,
                                              boost::intrusive::store_hash<true>>;
template <class T, class Hash, class Equal, class Tag = void>
using HashSet = boost::intrusive::unordered_set<T, boost::intrusive::base_hook<HashHook<Tag>>,
                                                boost::intrusive::hash<Hash>, boost::intrusive::equal<Equal>,
                                                boost::intrusive::power_2_buckets<true>,
                                                boost::intrusive::constant_time_size<true>>;

}  // namespace mini::base
