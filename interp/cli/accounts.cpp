// In a program that is linked statically, the C library would have to load shared ones to look accounts up. The only code that
// asks for them is what libedit has for names of files: "~user" is completed and expanded nowhere at the prompt, and its history
// has a name. So nobody has an account.
#ifdef MINI_STATIC_PROGRAM

#include <pwd.h>

#include <cerrno>

extern "C" {

void setpwent() {}
void endpwent() {}
passwd* getpwent() { return nullptr; }
passwd* getpwuid(uid_t) { return nullptr; }
int getpwuid_r(uid_t, passwd*, char*, size_t, passwd** found) { return *found = nullptr, ENOENT; }
int getpwnam_r(const char*, passwd*, char*, size_t, passwd** found) { return *found = nullptr, ENOENT; }

}  // extern "C"

#endif
