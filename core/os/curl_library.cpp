#include "core/os/curl_library.hpp"

#include <dlfcn.h>

#include <mutex>

namespace delegate {
namespace {

constexpr const char* kNames[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};

template <class Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, name));
  return function != nullptr;
}

bool find_all(void* library, CurlLibrary& curl) {
  return find(library, "curl_global_init", curl.global_init) && find(library, "curl_easy_init", curl.easy_init) &&
         find(library, "curl_easy_cleanup", curl.easy_cleanup) && find(library, "curl_easy_setopt", curl.easy_setopt) &&
         find(library, "curl_easy_getinfo", curl.easy_getinfo) &&
         find(library, "curl_easy_strerror", curl.easy_strerror) && find(library, "curl_multi_init", curl.multi_init) &&
         find(library, "curl_multi_cleanup", curl.multi_cleanup) &&
         find(library, "curl_multi_add_handle", curl.multi_add_handle) &&
         find(library, "curl_multi_remove_handle", curl.multi_remove_handle) &&
         find(library, "curl_multi_perform", curl.multi_perform) && find(library, "curl_multi_poll", curl.multi_poll) &&
         find(library, "curl_multi_info_read", curl.multi_info_read) &&
         find(library, "curl_slist_append", curl.slist_append) &&
         find(library, "curl_slist_free_all", curl.slist_free_all) && find(library, "curl_url", curl.url) &&
         find(library, "curl_url_cleanup", curl.url_cleanup) && find(library, "curl_url_set", curl.url_set) &&
         find(library, "curl_url_get", curl.url_get) && find(library, "curl_free", curl.free);
}

bool load(CurlLibrary& curl) {
  for (const char* name : kNames) {
    void* library = ::dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library != nullptr && find_all(library, curl)) return curl.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  }
  return false;
}

}  // namespace

Result<const CurlLibrary*> curl_library() {
  static std::once_flag once;
  static CurlLibrary curl;
  static bool loaded = false;
  std::call_once(once, [] { loaded = load(curl); });
  if (loaded) return &curl;
  return fail(Code::unavailable, "http: libcurl cannot be loaded: no libcurl.so.4 of version 7.66 or later",
              "install libcurl4 (Debian, Ubuntu) or libcurl (Fedora, Arch)");
}

}  // namespace delegate
