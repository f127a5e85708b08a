// The one file that compiles libfmt's own code. Included in every file (FMT_HEADER_ONLY), it was half the time of a build;
// as Debian's shared library, it adds 0.2 ms to each start.
#include <fmt/format-inl.h>

namespace fmt {

template auto detail::dragonbox::to_decimal(float) noexcept -> dragonbox::decimal_fp<float>;
template auto detail::dragonbox::to_decimal(double) noexcept -> dragonbox::decimal_fp<double>;
template detail::locale_ref::locale_ref(const std::locale&);
template auto detail::locale_ref::get<std::locale>() const -> std::locale;
template auto detail::thousands_sep_impl(locale_ref) -> thousands_sep_result<char>;
template auto detail::decimal_point_impl(locale_ref) -> char;
template void detail::buffer<char>::append(const char*, const char*);
template void detail::vformat_to(buffer<char>&, string_view, basic_format_args<buffer_context<char>>, locale_ref);

}  // namespace fmt
