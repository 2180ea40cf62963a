import Apus
import ApusEngine
import ApusIR
import ApusLoops
import ApusRuntime
import ApusTensor
import ApusTestSupport
import Foundation
import Testing

/// Engines of some megabytes with random bytes changed: refused with a typed error, or harmless.
@Suite(.serialized) struct EngineDamageTests {
  /// Two products with packed weights, an epilogue, a gathered table and a symbolic batch.
  private static func graph() throws -> Graph {
    var graph = Graph(name: "large")
    let index = graph.addInput("index", TensorType(.int64, [.symbol("n")]))
    func weight(_ name: String, _ shape: [Int]) throws -> ValueID {
      let count = shape.reduce(1, *)
      let values = (0..<count).map { Double(($0 &* 40_503) % 251) / 251 - 0.5 }
      return graph.addWeight(name, try HostTensor(.float32, shape: shape, .real(values)))
    }
    let table = try weight("table", [300, 256])
    let first = try weight("first", [256, 384])
    let second = try weight("second", [384, 512])
    let bias = try weight("bias", [384])
    let row = try graph.append(Gather(), [table, index], name: "gather")[0]
    let product = try graph.append(MatMul(), [row, first], name: "first")[0]
    let sum = try graph.append(Binary(.add), [product, bias], name: "bias")[0]
    let active = try graph.append(Unary(.relu), [sum], name: "relu")[0]
    let last = try graph.append(MatMul(), [active, second], name: "second")[0]
    graph.addOutput("y", try graph.append(Softmax(), [last], name: "softmax")[0])
    return graph
  }

  @Test func randomByteChanges() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("damage.engine")
    let built = try Compiler.build(Self.graph()).engine
    try Compiler.save(built, to: path)
    let file = try MappedFile(path: path).range
    #expect(file.count > 2_000_000)
    let body = try #require(file.integer(at: 12, as: UInt32.self)).asInt
    let input = try HostTensor(.int64, shape: [2], .signed([7, 299]))
    let expected = try built.makeSession().run(["index": input])["y"]?.packedBytes

    // The bytes are changed in place and put back, so that a change costs a check and no copy.
    let storage = try Storage.uninitialized(byteCount: file.count)
    file.withBytes { bytes in
      if let start = bytes.baseAddress {
        storage.address.copyMemory(from: start, byteCount: bytes.count)
      }
    }
    var random = SplitMix(seed: 0x5EED)
    var refused = 0
    var harmless = 0
    for round in 0..<10_000 {
      // Header, tables and metadata, or weights; most often one byte, sometimes a few.
      let part = [0..<24, 24..<(24 + body), 24..<(24 + body), (24 + body)..<file.count][round % 4]
      var changes: [(offset: Int, byte: UInt8)] = []
      for _ in 0..<(round % 10 == 0 ? 3 : 1) {
        let offset = Int.random(in: part, using: &random)
        let byte = storage.address.load(fromByteOffset: offset, as: UInt8.self)
        changes.append((offset, byte))
        storage.address.storeBytes(
          of: byte ^ UInt8.random(in: 1...255, using: &random), toByteOffset: offset,
          as: UInt8.self)
      }
      do {
        let engine = try Compiler.load(try Self.reader(storage), threads: 1).engine
        let found = try engine.makeSession().run(["index": input])["y"]
        harmless += 1
        if found?.packedBytes != expected {
          Issue.record("round \(round): bytes \(changes.map(\.offset)) change the answer")
        }
      } catch { refused += 1 }
      for change in changes.reversed() {
        storage.address.storeBytes(of: change.byte, toByteOffset: change.offset, as: UInt8.self)
      }
    }
    #expect(refused + harmless == 10_000)
    // Harmless are the weights of the source graph that the plan has in another form, and padding.
    #expect(refused > 7_500 && harmless > 100, "\(refused) refused, \(harmless) harmless")
    let engine = try Compiler.load(try Self.reader(storage), threads: 1).engine
    #expect(try engine.makeSession().run(["index": input])["y"]?.packedBytes == expected)
  }

  private static func reader(_ storage: Storage) throws(ApusError) -> EngineReader {
    do { return try EngineReader(ByteRange(storage)) } catch {
      throw ApusError(.invalidInput, error.description)
    }
  }

  /// What a plan from a file may not hold, although its checksums are right.
  @Test func plansThatNoBuilderMakesAreBuiltAgain() throws {
    let good = try Compiler.build(Self.graph()).engine
    let input = try HostTensor(.int64, shape: [2], .signed([7, 299]))
    let expected = try good.makeSession().run(["index": input])["y"]?.packedBytes
    let plan = good.plan
    let packed = plan.choices[0].packed
    let product = try #require(plan.graph.nodes.first { $0.operation is MatMul })
    let tactic = try #require(plan.tactics[product.id])
    func with(_ tactic: Tactic) -> [NodeID: Tactic] {
      plan.tactics.merging([product.id: tactic]) { $1 }
    }
    let key = Plan.PackedKey(node: product.id, operand: 1)
    let short = try HostTensor(zeros: .float32, shape: [16])
    let variants = [
      Plan(
        graph: plan.graph, tactics: with(Tactic(source: "cpu.softmax", name: "lines")),
        packed: packed, profiles: []),
      Plan(
        graph: plan.graph, tactics: with(Tactic(source: "nowhere", name: "x")),
        packed: packed, profiles: []),
      Plan(
        graph: plan.graph,
        tactics: with(Tactic(source: tactic.source, name: tactic.name, parameters: [-1])),
        packed: packed, profiles: []),
      Plan(
        graph: plan.graph, tactics: plan.tactics, packed: packed.merging([key: short]) { $1 },
        profiles: []),
      Plan(
        graph: plan.graph, tactics: plan.tactics,
        packed: packed.merging([.init(node: product.id, operand: 0): short]) { $1 },
        profiles: [Profile(inputs: ["index": .init(minimum: [], optimum: [], maximum: [])])]),
    ]
    let folder = try TemporaryFolder()
    let path = folder.file("plan.engine")
    for (number, variant) in variants.enumerated() {
      let engine = Engine(plan: variant, source: good.source, sources: [], pool: good.pool)
      try Compiler.save(engine, to: path)
      let loaded = try Compiler.load(path, threads: 1)
      #expect(loaded.notes.count == 1, "variant \(number)")
      let found = try loaded.engine.makeSession().run(["index": input])["y"]?.packedBytes
      #expect(found == expected, "variant \(number)")
    }
  }
}

extension UInt32 {
  fileprivate var asInt: Int { Int(self) }
}
