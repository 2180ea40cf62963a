import Foundation
import Testing

/// Every target on its corpus and on changes of it, the same ones each time. libFuzzer, which also
/// learns, needs a build of its own (`Fuzz/run.sh`).
@Suite(.serialized) struct ReplayTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var corpus: String
    /// Changes of each seed.
    var changes: Int
    var run: @Sendable ([UInt8]) -> Void

    init(
      _ name: String, corpus: String? = nil, changes: Int = 1500,
      _ run: @escaping @Sendable ([UInt8]) -> Void
    ) {
      self.name = name
      self.corpus = corpus ?? name
      self.changes = changes
      self.run = run
    }

    var testDescription: String { name }
  }

  static let cases = [
    Case("archive") { FuzzTarget.archive($0) },
    Case("engine") { FuzzTarget.engine($0) },
    Case("image", changes: 300) { FuzzTarget.image($0) },
    Case("importer", corpus: "model") { FuzzTarget.importer($0) },
    Case("model") { FuzzTarget.model($0) },
    Case("numpy") { FuzzTarget.numpy($0) },
    Case("session", corpus: "engine", changes: 600) { FuzzTarget.session($0) },
    Case("strings") { FuzzTarget.strings($0) },
    Case("syntax") { FuzzTarget.syntax($0) },
    Case("tensor") { FuzzTarget.tensor($0) },
    Case("text") { FuzzTarget.text($0) },
  ]

  @Test(arguments: cases)
  func corpusAndChanges(_ item: Case) throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "corpus/\(item.corpus)")
    let seeds = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map {
      Array(try Data(contentsOf: folder.appending(path: $0)))
    }
    #expect(!seeds.isEmpty)
    for (index, seed) in seeds.enumerated() {
      item.run(seed)
      var mutation = Mutation(seed: UInt64(index))
      for change in 0..<item.changes {
        item.run(mutation.apply(to: seed, other: seeds[change % seeds.count]))
      }
    }
  }

  @Test func everyTargetIsReplayed() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Targets")
    let targets = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(targets.sorted() == Self.cases.map { "\($0.name).swift" }.sorted())
  }
}
