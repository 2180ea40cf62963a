import Apus
import ApusBuilder
import ApusIR
import ApusLoops
import ApusRuntime
import ApusTensor
import Testing

/// Decode loops with the past kept in place.
@Suite struct CacheTests {
  private func engine(_ reader: DecoderGraph.Reader = .none, threads: Int = 1) throws -> Engine {
    var options = BuildOptions()
    options.threads = threads
    return try Compiler.build(DecoderGraph.make(reader), options).engine
  }

  /// Feeds the past by hand: what a run with a cache has to equal.
  private struct Feeding {
    let session: Session
    var past: [String: HostTensor]

    init(_ engine: Engine, batch: Int) throws {
      session = engine.makeSession()
      let empty = try HostTensor(
        zeros: .float32, shape: [batch, DecoderGraph.heads, 0, DecoderGraph.width])
      past = ["past.key": empty, "past.value": empty]
    }

    mutating func run(_ x: HostTensor) throws -> [String: HostTensor] {
      var results = try session.run(past.merging(["x": x]) { first, _ in first })
      past["past.key"] = results.removeValue(forKey: "present.key")
      past["past.value"] = results.removeValue(forKey: "present.value")
      return results
    }
  }

  private func expectEqual(_ left: [String: HostTensor], _ right: [String: HostTensor]) {
    #expect(left.keys.sorted() == right.keys.sorted())
    for (name, tensor) in left {
      let isEqual =
        tensor.shape == right[name]?.shape
        && tensor.packedBytes == right[name]?.packedBytes
      #expect(isEqual, "\(name) \(tensor.shape)")
    }
  }

  private func error(_ body: () throws -> Void) -> String {
    do {
      try body()
      return ""
    } catch { return "\(error)" }
  }

  @Test(arguments: [1, 3], DecoderGraph.Reader.allCases)
  func fiftyStepsEqualFeeding(batch: Int, reader: DecoderGraph.Reader) throws {
    let engine = try engine(reader, threads: 2)
    let session = engine.makeSession()
    let cache = try KVCache(engine: engine, capacity: 64)
    var feeding = try Feeding(engine, batch: batch)
    var x = try DecoderGraph.input(batch: batch, sequence: 5, 1)
    for step in 0..<50 {
      let found = try session.run(["x": x], cache: cache)
      expectEqual(found, try feeding.run(x))
      #expect(cache.length == 5 + step)
      guard let y = found["y"] else { return }
      x =
        y.shape[1] == 1
        ? y : try DecoderGraph.input(batch: batch, sequence: 1, step)
    }
    expectEqual(try cache.contents(), feeding.past)
  }

  @Test func theReferenceAgrees() throws {
    let graph = try DecoderGraph.make(.views)
    let engine = try engine(.views)
    let cache = try KVCache(engine: engine, capacity: 9)
    let session = engine.makeSession()
    let x = try (0..<3).map { try DecoderGraph.input(batch: 2, sequence: 3, $0) }
    _ = try session.run(["x": x[0]], cache: cache)
    _ = try session.run(["x": x[1]], cache: cache)
    let past = try cache.contents()
    let found = try session.run(["x": x[2]], cache: cache)
    let inputs = graph.inputs.compactMap { past[graph[$0].name] ?? x[2] }
    let expected = try ReferenceEvaluator(graph).run(inputs)
    for (output, want) in zip(graph.outputs, expected) {
      guard let have = found[output.name] else { continue }
      for (a, b) in zip(try want.reals(), try have.reals()) { #expect(abs(a - b) < 1e-5) }
    }
    #expect(found.count == 3)
  }

  @Test func pairsAreFoundByDataFlow() throws {
    let pairs = try engine(.reduction).cachePairs
    #expect(pairs.map(\.input) == ["past.key", "past.value"])
    #expect(pairs.map(\.output) == ["present.key", "present.value"])
    #expect(pairs.map(\.axis) == [2, 2])
    #expect(pairs.map(\.compacting.count) == [1, 0])
  }

  @Test func capacityIsALimitOrGrows() throws {
    let engine = try engine()
    let session = engine.makeSession()
    let fixed = try KVCache(engine: engine, capacity: 4)
    let growing = try KVCache(engine: engine, capacity: 4, maximum: 22)
    var feeding = try Feeding(engine, batch: 2)
    var observed = 0
    var options = Session.RunOptions()
    options.observer = { _, _ in observed += 1 }
    for step in 0..<7 {
      let x = try DecoderGraph.input(batch: 2, sequence: 3, step)
      let found = try session.run(["x": x], cache: growing)
      expectEqual(found, try feeding.run(x))
      if step == 0 {
        _ = try session.run(["x": x], cache: fixed)
        let message = error { _ = try session.run(["x": x], cache: fixed, options) }
        #expect(message == "the cache would need 6 positions, it takes at most 4")
        #expect(observed == 0 && fixed.length == 3)
      }
    }
    #expect(growing.capacity == 22)
    let more = try DecoderGraph.input(batch: 2, sequence: 2, 0)
    #expect(throws: RuntimeError.self) { try session.run(["x": more], cache: growing) }
    expectEqual(try growing.contents(), feeding.past)
  }

  @Test func truncateAndDecodeAgain() throws {
    let engine = try engine()
    let session = engine.makeSession()
    let cache = try KVCache(engine: engine, capacity: 32)
    let inputs = try (0..<6).map { try DecoderGraph.input(batch: 1, sequence: 2, $0) }
    let first = try inputs.map { try session.run(["x": $0], cache: cache) }
    try cache.truncate(to: 4)
    for index in 2..<6 {
      expectEqual(try session.run(["x": inputs[index]], cache: cache), first[index])
    }
    #expect(
      error { try cache.truncate(to: 13) } == "a cache of 12 positions cannot be cut to 13")
    try cache.reset()
    expectEqual(try session.run(["x": inputs[0]], cache: cache), first[0])
  }

  @Test func cachesAndSessionsMix() throws {
    let engine = try engine()
    let sessions = [engine.makeSession(), engine.makeSession()]
    let caches = try (0..<2).map { _ in try KVCache(engine: engine, capacity: 40) }
    var feedings = try [Feeding(engine, batch: 1), Feeding(engine, batch: 2)]
    for step in 0..<12 {
      for index in 0..<2 {
        let x = try DecoderGraph.input(batch: index + 1, sequence: 1 + step % 3, step + index)
        let found = try sessions[(step + index) % 2].run(["x": x], cache: caches[index])
        expectEqual(found, try feedings[index].run(x))
      }
    }
  }

  @Test func twoSessionsAtOnceAreRefused() throws {
    let engine = try engine()
    let cache = try KVCache(engine: engine, capacity: 8)
    let other = engine.makeSession()
    let x = try DecoderGraph.input(batch: 1, sequence: 1, 0)
    var messages: Set<String> = []
    var options = Session.RunOptions()
    options.observer = { _, _ in
      messages.insert(self.error { _ = try other.run(["x": x], cache: cache) })
      messages.insert(self.error { try cache.reset() })
    }
    _ = try engine.makeSession().run(["x": x], cache: cache, options)
    #expect(messages == ["the cache is in use by another session; make one cache a sequence"])
    _ = try other.run(["x": x], cache: cache)
    #expect(cache.length == 2)
  }

  @Test func misuseIsExplained() throws {
    let engine = try engine()
    let session = engine.makeSession()
    let x = try DecoderGraph.input(batch: 1, sequence: 1, 0)
    let cache = try KVCache(engine: engine, capacity: 8)
    _ = try session.run(["x": x], cache: cache)
    let past = try #require(try cache.contents()["past.key"])
    #expect(
      error { _ = try session.run(["x": x, "past.key": past], cache: cache) }
        == "input 'past.key' comes from the cache and must not be given")
    #expect(
      error { _ = try self.engine().makeSession().run(["x": x], cache: cache) }
        == "the cache was made for another model")
    let pair = try DecoderGraph.input(batch: 2, sequence: 1, 0)
    #expect(
      error { _ = try session.run(["x": pair], cache: cache) }
        == "the cache holds 'past.key' of shape [1, 2, 1, 8], "
        + "the other inputs ask for [2, 2, 1, 8]")
    #expect(cache.length == 1)
    try cache.reset()
    _ = try session.run(["x": pair], cache: cache)
    #expect(throws: RuntimeError.self) { try KVCache(engine: engine, capacity: 0) }
    #expect(throws: RuntimeError.self) { try KVCache(engine: engine, capacity: 9, maximum: 8) }
    let vast = try KVCache(engine: engine, capacity: .max)
    #expect(throws: RuntimeError.self) { try session.run(["x": x], cache: vast) }
    var plain = Graph(name: "plain")
    let value = plain.addInput("v", TensorType(.float32, [.symbol("n")]))
    plain.addOutput("w", try plain.append(Unary(.negate), [value], name: "negate")[0])
    let without = try Compiler.build(plain).engine
    #expect(throws: RuntimeError.self) { try KVCache(engine: without, capacity: 8) }
  }

  @Test func aFailedRunLeavesTheCacheAsItWas() throws {
    let engine = try engine()
    let session = engine.makeSession()
    let cache = try KVCache(engine: engine, capacity: 8)
    let x = try DecoderGraph.input(batch: 1, sequence: 2, 0)
    _ = try session.run(["x": x], cache: cache)
    let before = try cache.contents()
    session.cancellation.cancel()
    #expect(throws: RuntimeError.self) { try session.run(["x": x], cache: cache) }
    session.cancellation.reset()
    expectEqual(try cache.contents(), before)
  }

  /// A session reuses parts of the segment before; whatever came before, results are a fresh one's.
  @Test(arguments: DecoderGraph.Reader.allCases)
  func anyOrderOfShapesEqualsFreshSessions(reader: DecoderGraph.Reader) throws {
    let engine = try engine(reader)
    let session = engine.makeSession()
    var state: UInt64 = 1
    func random(_ range: ClosedRange<Int>) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return range.lowerBound + Int(state >> 33) % range.count
    }
    for round in 0..<60 {
      let (batch, sequence, past) = (random(1...2), random(1...3), random(0...5))
      let shape = [batch, DecoderGraph.heads, past, DecoderGraph.width]
      let count = shape.reduce(1, *)
      let inputs = [
        "x": try DecoderGraph.input(batch: batch, sequence: sequence, round),
        "past.key": try DecoderGraph.values(count, round + 1, shape),
        "past.value": try DecoderGraph.values(count, round + 2, shape),
      ]
      expectEqual(try session.run(inputs), try engine.makeSession().run(inputs))
    }
  }
}
