import ApusTestSupport
import Foundation
import Testing

@testable import ApusCommand

/// Which commit a clone stood at when something in it was built.
@Suite struct GitCloneTests {
  private let folder: TemporaryFolder
  private var root: URL { folder.url }
  private let first = String(repeating: "a1", count: 20)
  private let second = String(repeating: "b2", count: 20)

  init() throws { folder = try TemporaryFolder() }

  private func write(_ text: String, _ path: String) throws {
    let file = root.appending(path: path)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }

  private func line(_ old: String, _ new: String, _ seconds: Int) -> String {
    "\(old) \(new) A Name <a@b> \(seconds) +0100\tcommit: words and 12 numbers\n"
  }

  @Test func theLogTellsWhatWasCheckedOut() throws {
    try write("ref: refs/heads/main\n", ".git/HEAD")
    try write(line(first, first, 1000) + line(first, second, 2000), ".git/logs/HEAD")
    let clone = try #require(GitClone(root: root))
    #expect(clone.commit(at: Date(timeIntervalSince1970: 999)) == nil)
    #expect(clone.commit(at: Date(timeIntervalSince1970: 1000)) == first)
    #expect(clone.commit(at: Date(timeIntervalSince1970: 5000)) == second)
  }

  @Test func withoutALogTheBranchMustBeOlder() throws {
    try write("ref: refs/heads/main\n", ".git/HEAD")
    try write("\(first)\n", ".git/refs/heads/main")
    let clone = try #require(GitClone(root: root))
    #expect(clone.commit(at: Date(timeIntervalSinceNow: 10)) == first)
    #expect(clone.commit(at: Date(timeIntervalSince1970: 10)) == nil)
    try FileManager.default.removeItem(at: root.appending(path: ".git/refs"))
    try write("# pack-refs\n\(second) refs/heads/main\n", ".git/packed-refs")
    #expect(clone.commit(at: Date(timeIntervalSinceNow: 10)) == second)
  }

  @Test func linkedWorkTreesShareBranches() throws {
    try write("gitdir: ../main/.git/worktrees/tree\n", "tree/.git")
    try write("ref: refs/heads/side\n", "main/.git/worktrees/tree/HEAD")
    try write("../..\n", "main/.git/worktrees/tree/commondir")
    try write("\(second)\n", "main/.git/refs/heads/side")
    let clone = try #require(GitClone(root: root.appending(path: "tree")))
    #expect(clone.commit(at: Date(timeIntervalSinceNow: 10)) == second)
  }

  @Test func damagedFilesTellNothing() throws {
    #expect(GitClone(root: root) == nil)
    try write("ref: refs/heads/main\n", ".git/HEAD")
    try write("no commit\n", ".git/refs/heads/main")
    let clone = try #require(GitClone(root: root))
    #expect(clone.commit(at: Date(timeIntervalSinceNow: 10)) == nil)
    #expect(GitClone(holding: "/usr/bin/apus") == nil)
  }
}
