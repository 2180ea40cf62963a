#if Server
internal import Apus
internal import Foundation

/// A file of secrets, one a line; lines that are empty or begin with # are none.
enum TokenFile {
  static func read(_ path: String) throws(ApusError) -> [String] {
    guard let data = FileManager.default.contents(atPath: path), data.count <= 1 << 20,
      let text = String(data: data, encoding: .utf8)
    else { throw ApusError(.invalidInput, "the file of tokens cannot be read", location: path) }
    let lines = text.split(whereSeparator: \.isNewline)
      .map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { !$0.isEmpty && !$0.hasPrefix("#") }
    guard !lines.isEmpty else {
      throw ApusError(.invalidInput, "the file of tokens holds none", location: path)
    }
    return lines
  }
}
#endif
