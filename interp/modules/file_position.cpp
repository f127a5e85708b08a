// Where a file stands: seek, tell, truncate; and its end.
#include <unistd.h>

#include <cerrno>

#include "interp/modules/file.h"
#include "runtime/object/exception.h"

namespace mini::modules {

bool forget_ahead(File* file) {
  const auto rest = static_cast<off_t>(file->waiting().size());
  file->ahead_start = file->ahead_end = 0;
  return rest == 0 || ::lseek(file->descriptor, -rest, SEEK_CUR) >= 0;
}

namespace {

Raised raise_not_seekable(Heap& heap, File* file, int error) {
  if (file->is_text() && error == ESPIPE) return raise_unsupported(heap, "underlying stream is not seekable");
  return raise_os_error(heap, error);
}

}  // namespace

Result<int64_t> tell(ThreadState& thread, File* file) {
  Heap& heap = *thread.heap;
  if (file->is_text() && file->iterated)
    return heap.raise_text(BuiltinType::kOSError, "telling position disabled by next() call");
  if (file->writable) MINI_TRY(flush(thread, file));
  File* base = file->base();
  const off_t position = ::lseek(base->descriptor, 0, SEEK_CUR);
  if (position < 0) return raise_not_seekable(heap, file, errno);
  return static_cast<int64_t>(position) - static_cast<int64_t>(base->waiting().size());
}

Result<int64_t> seek(ThreadState& thread, File* file, int64_t offset, int whence) {
  Heap& heap = *thread.heap;
  File* base = file->base();
  if (file->is_text()) {
    if (whence < 0 || whence > 2)
      return heap.raise(BuiltinType::kValueError, "invalid whence ({}, should be 0, 1 or 2)", whence);
    if (whence == SEEK_CUR && offset != 0) return raise_unsupported(heap, "can't do nonzero cur-relative seeks");
    if (whence == SEEK_END && offset != 0) return raise_unsupported(heap, "can't do nonzero end-relative seeks");
    if (offset < 0) return heap.raise(BuiltinType::kValueError, "negative seek position {}", offset);
    file->iterated = 0;
  } else if (whence < 0 || whence > 2) {
    return heap.raise(BuiltinType::kValueError, "whence value {} unsupported", whence);
  }
  MINI_TRY(flush(thread, file));
  if (whence == SEEK_CUR) {
    offset += MINI_TRY(tell(thread, file));
    whence = SEEK_SET;
    if (offset < 0) return raise_os_error(heap, EINVAL);
  }
  const off_t position = ::lseek(base->descriptor, offset, whence);
  if (position < 0) return raise_not_seekable(heap, file, errno);
  base->ahead_start = base->ahead_end = 0;
  if (position == 0 || whence == SEEK_END) base->line_ends = {};
  return static_cast<int64_t>(position);
}

Result<void> close(ThreadState& thread, File* file) {
  File* base = file->base();
  if (base->descriptor < 0) return {};
  Ref<File> kept = Ref<File>::share(base);
  auto flushed = flush(thread, base);
  if (is_being_written(thread, base)) {  // whoever does must not find another file behind the number
    if (!flushed.ok()) return flushed;
    Ref<Str> name = MINI_TRY(repr(*thread.heap, base->name));
    return thread.heap->raise(BuiltinType::kRuntimeError, "reentrant call inside <_io.BufferedWriter name={}>", to_utf8(name.get()));
  }
  const int descriptor = std::exchange(base->descriptor, -1);
  base->pending_length = base->lower_length = 0;
  base->ahead_start = base->ahead_end = 0;
  if (base->owns_descriptor && descriptor >= 0) ::close(descriptor);
  return flushed;
}

}  // namespace mini::modules
