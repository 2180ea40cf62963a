// As much of a JSON reader as a model's configuration asks for: well-formed input is taken for granted.
#pragma once
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

namespace oracle {

struct JSON {
  std::string text;  // of strings, numbers and words
  std::vector<JSON> list;
  std::map<std::string, JSON> members;

  JSON operator[](const std::string& name) const {
    auto found = members.find(name);
    return found == members.end() ? JSON{} : found->second;
  }

  static JSON parse(const std::string& source) {
    size_t at = 0;
    return value(source, at);
  }

 private:
  static void skip(const std::string& s, size_t& at) {
    while (at < s.size() && (isspace((unsigned char)s[at]) || s[at] == ',' || s[at] == ':')) at++;
  }

  static std::string quoted(const std::string& s, size_t& at) {
    std::string result;
    for (at++; at < s.size() && s[at] != '"'; at++) {
      if (s[at] == '\\') at++;
      result += s[at];
    }
    at++;
    return result;
  }

  static JSON value(const std::string& s, size_t& at) {
    JSON result;
    skip(s, at);
    if (at >= s.size()) return result;
    if (s[at] == '"') {
      result.text = quoted(s, at);
    } else if (s[at] == '[') {
      for (at++, skip(s, at); at < s.size() && s[at] != ']'; skip(s, at))
        result.list.push_back(value(s, at));
      at++;
    } else if (s[at] == '{') {
      for (at++, skip(s, at); at < s.size() && s[at] != '}'; skip(s, at)) {
        std::string name = quoted(s, at);
        result.members[name] = value(s, at);
      }
      at++;
    } else {
      while (at < s.size() && !isspace((unsigned char)s[at]) && s[at] != ',' && s[at] != '}' &&
             s[at] != ']')
        result.text += s[at++];
    }
    return result;
  }
};

}  // namespace oracle
