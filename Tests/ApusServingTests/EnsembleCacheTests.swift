import ApusModelConfig
import ApusServingSchema
import Synchronization
import Testing

@testable import ApusServing

@Suite struct EnsembleCacheTests {
  @Test func answersOfEnsemblesAreKept() async throws {
    let runs = Mutex(0)
    let repository = try TemporaryRepository()
    try repository.addScripted("m")
    try repository.addEnsemble("e", of: "m", "response_cache { enable: true }")
    let server = try repository.server(cache: 1 << 20) { _, inputs in
      runs.withLock { $0 += 1 }
      return inputs.map { NamedTensor("OUT", $0.tensor) }
    }
    try await server.start()
    for value in [7, 7, 8, 7] {
      let response = try await server.infer(InferenceRequest("e", [value], input: "X"))
      #expect(response.integers("Y") == [value])
    }
    #expect(runs.withLock { $0 } == 2)
    let statistics = try #require(try server.statistics(model: "e", version: nil).first)
    #expect(statistics.inferenceStats.cacheHit.count == 2)
    #expect(statistics.inferenceStats.cacheMiss.count == 2)
  }

  /// An ensemble is decoupled where a step is, whatever its own configuration says.
  @Test func decoupledEnsemblesKeepNone() async throws {
    let repository = try TemporaryRepository()
    try repository.addSquare("d")
    try repository.write(
      """
      platform: "ensemble"
      input { name: "X" data_type: TYPE_INT32 dims: [ 1 ] }
      output { name: "Y" data_type: TYPE_INT32 dims: [ 1 ] }
      ensemble_scheduling {
        step { model_name: "d" model_version: -1
          input_map { key: "IN" value: "X" } output_map { key: "OUT" value: "Y" } }
      }
      response_cache { enable: true }
      """, to: "e/config.pbtxt")
    try repository.write("", to: "e/1/empty")
    let server = try repository.server { $0.cacheByteCount = 1 << 20 }
    try await server.start()
    let failure = try #require(server.repository.failures.first)
    #expect(failure.model == "e")
    #expect(failure.reason.contains("response_cache.enable"))
    #expect(failure.reason.contains("decoupled"))
  }
}
