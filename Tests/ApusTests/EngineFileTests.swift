import Apus
import ApusEngine
import ApusIR
import ApusLoops
import ApusRuntime
import ApusTensor
import ApusTestSupport
import CApusDemo
import Foundation
import Testing

/// Engine files: what is saved comes back, and what is damaged is refused or harmless.
@Suite(.serialized) struct EngineFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A product with a packed weight, an epilogue, a gathered table and a symbolic batch.
  private func smallGraph() throws -> Graph {
    var graph = Graph(name: "small")
    let x = graph.addInput("x", TensorType(.float32, [.symbol("n"), 24]))
    let weights = (0..<(24 * 40)).map { Double($0 % 17) / 17 - 0.5 }
    let w = graph.addWeight("w", try HostTensor(.float32, shape: [24, 40], .real(weights)))
    let bias = (0..<40).map { Double($0) / 40 }
    let b = graph.addWeight("b", try HostTensor(.float32, shape: [40], .real(bias)))
    let product = try graph.append(MatMul(), [x, w], name: "product")[0]
    let sum = try graph.append(Binary(.add), [product, b], name: "bias")[0]
    let active = try graph.append(Unary(.relu), [sum], name: "relu")[0]
    graph.addOutput("y", try graph.append(Softmax(), [active], name: "softmax")[0])
    return graph
  }

  private func input(_ rows: Int) throws -> HostTensor {
    let values = (0..<(rows * 24)).map { Double($0 % 11) / 11 - 0.4 }
    return try HostTensor(.float32, shape: [rows, 24], .real(values))
  }

  @Test func roundTrip() throws {
    let built = try Compiler.build(smallGraph()).engine
    let path = folder.file("a.engine")
    try Compiler.save(built, to: path)
    let loaded = try Compiler.load(path, threads: 1).engine
    for rows in [1, 3, 0, 8] {
      let a = try built.makeSession().run(["x": input(rows)])
      let b = try loaded.makeSession().run(["x": input(rows)])
      #expect(a["y"]?.packedBytes == b["y"]?.packedBytes)
      #expect(b["y"]?.shape == [rows, 40])
    }
  }

  /// Every byte of the file, one at a time: all its bits, and one.
  @Test(arguments: [0xFF, 0x01] as [UInt8])
  func anyDamagedByteIsRefusedOrHarmless(pattern: UInt8) throws {
    let built = try Compiler.build(smallGraph()).engine
    let path = folder.file("b\(pattern).engine")
    try Compiler.save(built, to: path)
    var bytes = try MappedFile(path: path).range.array
    let expected = try built.makeSession().run(["x": input(2)])["y"]?.packedBytes
    for offset in bytes.indices {
      bytes[offset] ^= pattern
      defer { bytes[offset] ^= pattern }
      guard let reader = try? EngineReader(ByteRange(copying: bytes)),
        let loaded = try? Compiler.load(reader, threads: 1).engine,
        let found = try? loaded.makeSession().run(["x": input(2)])["y"]
      else { continue }
      #expect(found.packedBytes == expected, "byte \(offset) changes the answer")
    }
  }

  @Test func truncatedFilesAreRefused() throws {
    let path = folder.file("d.engine")
    try Compiler.save(try Compiler.build(smallGraph()).engine, to: path)
    let good = try Data(contentsOf: URL(fileURLWithPath: path))
    let cut = folder.file("e.engine")
    for count in stride(from: 0, to: good.count - 64, by: 97) {
      try good.prefix(count).write(to: URL(fileURLWithPath: cut))
      #expect(throws: ApusError.self) {
        let engine = try Compiler.load(cut, threads: 1).engine
        do { _ = try engine.makeSession().run(["x": input(1)]) } catch {
          throw ApusError(.invalidInput, "\(error)")
        }
      }
    }
  }

  @Test func otherVersionsAndProcessors() throws {
    let built = try Compiler.build(smallGraph()).engine
    let path = folder.file("f.engine")
    try Compiler.save(built, to: path)
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    bytes[8] = 9
    try bytes.write(to: URL(fileURLWithPath: path))
    let error = #expect(throws: ApusError.self) { try Compiler.load(path, threads: 1) }
    #expect(error?.message.contains("format version 9") == true)

    let contents = EngineFile.Contents(
      source: built.source, plan: built.plan, target: "another processor", producer: "test")
    try EngineWriter.write(contents, to: path)
    let loaded = try Compiler.load(path, threads: 1)
    #expect(loaded.notes.count == 1)
    let a = try built.makeSession().run(["x": input(2)])["y"]
    let b = try loaded.engine.makeSession().run(["x": input(2)])["y"]
    #expect(a?.packedBytes == b?.packedBytes)
  }
}
