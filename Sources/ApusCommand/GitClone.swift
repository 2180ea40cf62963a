internal import Foundation

/// The git clone that an executable was built in, read without git.
struct GitClone {
  /// The folder with `HEAD`: `.git`, or in a linked work tree what `.git` points to.
  private let folder: URL
  /// The folder with the branches; a linked work tree shares its main clone's.
  private let common: URL

  /// The clone around the `.build` folder that the executable lies in; nil where there is none, or
  /// it is another project's.
  init?(holding executable: String) {
    var root = URL(fileURLWithPath: executable).resolvingSymlinksInPath()
    while root.lastPathComponent != ".build" {
      guard root.pathComponents.count > 1 else { return nil }
      root.deleteLastPathComponent()
    }
    root.deleteLastPathComponent()
    let own = root.appendingPathComponent("Sources/ApusCommand/BuildInfo.swift").path
    guard FileManager.default.fileExists(atPath: own) else { return nil }
    self.init(root: root)
  }

  /// The clone with this root.
  init?(root: URL) {
    let link = root.appendingPathComponent(".git")
    if let text = Self.text(link), text.hasPrefix("gitdir: ") {
      folder = Self.resolve(String(text.dropFirst("gitdir: ".count)), in: root)
    } else {
      folder = link
    }
    guard FileManager.default.fileExists(atPath: folder.appendingPathComponent("HEAD").path) else {
      return nil
    }
    if let shared = Self.text(folder.appendingPathComponent("commondir")) {
      common = Self.resolve(shared, in: folder)
    } else {
      common = folder
    }
  }

  /// The commit that was checked out at a time: by the log of `HEAD`, else what is now, unless it
  /// changed since.
  func commit(at time: Date) -> String? {
    let seconds = Int(time.timeIntervalSince1970)
    // Each line: old commit, new commit, name <address> seconds zone, tab, message.
    let log = Self.text(folder.appendingPathComponent("logs/HEAD")) ?? ""
    let entries = log.split(separator: "\n").compactMap { line -> (commit: String, time: Int)? in
      let words = line.prefix { $0 != "\t" }.split(separator: " ")
      guard words.count > 3, let time = Int(words[words.count - 2]) else { return nil }
      return (String(words[1]), time)
    }
    if let entry = entries.last(where: { $0.time <= seconds }) { return Self.hash(entry.commit) }
    return entries.isEmpty ? head(unchangedSince: time) : nil
  }

  private func head(unchangedSince time: Date) -> String? {
    let file = folder.appendingPathComponent("HEAD")
    guard let head = Self.text(file) else { return nil }
    guard head.hasPrefix("ref: ") else {
      return Self.modified(file.path) <= time ? Self.hash(head) : nil
    }
    let name = String(head.dropFirst("ref: ".count))
    let branch = common.appendingPathComponent(name)
    if let commit = Self.text(branch) {
      return Self.modified(branch.path) <= time ? Self.hash(commit) : nil
    }
    let packed = common.appendingPathComponent("packed-refs")
    let line = Self.text(packed)?.split(separator: "\n").first { $0.hasSuffix(" \(name)") }
    return line.flatMap { Self.hash(String($0.prefix { $0 != " " })) }
  }

  /// When a file was last written; the distant past where that is not known.
  static func modified(_ path: String) -> Date {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    return attributes?[.modificationDate] as? Date ?? .distantPast
  }

  private static func resolve(_ path: String, in folder: URL) -> URL {
    path.hasPrefix("/") ? URL(fileURLWithPath: path) : folder.appendingPathComponent(path)
  }

  private static func text(_ file: URL) -> String? {
    (try? String(contentsOf: file, encoding: .utf8))?.trimmingCharacters(
      in: .whitespacesAndNewlines)
  }

  /// The text where it is a commit's name.
  private static func hash(_ text: String) -> String? {
    (40...64).contains(text.count) && text.allSatisfy(\.isHexDigit) ? text : nil
  }
}
