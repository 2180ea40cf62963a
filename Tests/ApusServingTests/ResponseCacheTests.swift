import ApusModelConfig
import ApusServingSchema
import ApusTensor
import Testing

@testable import ApusServing

@Suite struct ResponseCacheTests {
  private func contract() throws -> ModelContract {
    var config = Inference_ModelConfig()
    config.name = "m"
    return try ModelContract(config, version: 1)
  }

  private func key(_ contract: ModelContract, _ value: Int) throws -> ResponseCache.Key {
    ResponseCache.Key(contract, [NamedTensor("IN", try integers([value]))])
  }

  private func output(_ value: Int) throws -> [NamedTensor] {
    [NamedTensor("OUT", try integers([value]))]
  }

  @Test func whatWasUsedLeastRecentlyGoesFirst() throws {
    let contract = try contract()
    let one = try key(contract, 0).byteCount + integers([0]).byteCount
    let cache = ResponseCache(capacity: 2 * one)
    cache.insert(try key(contract, 1), try output(1))
    cache.insert(try key(contract, 2), try output(2))
    // Uses that are out of date must not count.
    for _ in 0..<3000 { #expect(cache.find(try key(contract, 1)) != nil) }
    cache.insert(try key(contract, 3), try output(3))
    #expect(cache.find(try key(contract, 2)) == nil)
    #expect(cache.find(try key(contract, 1))?.first?.tensor.integers == [1])
    #expect(cache.find(try key(contract, 3)) != nil)
    #expect(cache.counters.entries == 2)
    #expect(cache.counters.evictions == 1)
    #expect(cache.counters.usedBytes == 2 * one)
  }

  @Test func versionsLoadedAgainHaveAnswersOfTheirOwn() throws {
    let cache = ResponseCache(capacity: 1 << 20)
    let old = try contract()
    let new = try contract()
    cache.insert(try key(old, 1), try output(1))
    cache.insert(try key(new, 1), try output(2))
    #expect(cache.find(try key(old, 1))?.first?.tensor.integers == [1])
    #expect(cache.find(try key(new, 1))?.first?.tensor.integers == [2])
    cache.remove(old.generation)
    #expect(cache.find(try key(old, 1)) == nil)
    #expect(cache.find(try key(new, 1)) != nil)
    #expect(cache.counters.entries == 1)
  }

  /// A tensor may be a few bytes of a large body, which must not stay with it.
  @Test func entriesHoldNoMoreThanTheyCount() throws {
    let cache = ResponseCache(capacity: 1 << 20)
    let contract = try contract()
    let parts = try integers(Array(0..<1000), batch: 1000)
      .split(Array(repeating: 1, count: 1000), output: "x")
    cache.insert(try key(contract, 1), [NamedTensor("OUT", parts[7])])
    let kept = try #require(cache.find(try key(contract, 1))?.first?.tensor)
    guard case .dense(let tensor) = kept.content,
      case .dense(let storage, byteOffset: _) = tensor.content
    else {
      Issue.record("not dense")
      return
    }
    #expect(storage.byteCount == kept.byteCount)
    #expect(kept.integers == [7])
  }
}
