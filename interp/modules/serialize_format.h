// What writing and reading values as bytes share: see serialize.h for the format.
#pragma once

#include "interp/modules/serialize.h"

namespace mini::modules {

namespace format {

constexpr char kVersion = 1;
constexpr size_t kHeadBytes = 12;
constexpr char kNone_ = 'N', kTrue_ = 'T', kFalse_ = 'F', kEllipsis_ = 'E', kNotImplemented_ = 'A', kInt = 'I',
               kBigInt = 'B', kFloat = 'D', kStr = 'S', kWideStr = 'W', kBytes = 'Y', kTuple = 't', kList = 'l',
               kDict = 'd', kSet = 's', kFrozenSet = 'z', kGlobal = 'G', kInstance = 'i', kObject = 'o', kBefore = 'r';
constexpr uint8_t kHasState = 1, kHasItems = 2, kHasPairs = 4;

/// The head of a message with that content.
std::string head(const MessageKey&, std::string_view content);

}  // namespace format

/// Whether instances of a class are their attributes and nothing else, and the class says nothing about how to copy them.
bool is_plain_instance(Heap&, const Type*);

}  // namespace mini::modules
