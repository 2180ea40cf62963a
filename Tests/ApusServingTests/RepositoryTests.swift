import ApusModelConfig
import ApusServingSchema
import Testing

@testable import ApusServing

@Suite struct RepositoryTests {
  @Test func theNewestVersionServesUnlessThePolicySaysOtherwise() async throws {
    let repository = try TemporaryRepository()
    try repository.addIdentity("latest")
    try repository.addIdentity("all", "version_policy { all { } }")
    try repository.addIdentity("some", "version_policy { specific { versions: [ 1 ] } }")
    for name in ["latest", "all", "some"] {
      try repository.write("", to: "\(name)/3/empty")
      try repository.write("", to: "\(name)/03/empty")
      try repository.write("", to: "\(name)/x/empty")
    }
    let server = try repository.server()
    try await server.start()
    func versions(_ model: String) throws -> [String] {
      try server.metadata(model: model, version: nil).versions
    }
    #expect(try versions("latest") == ["3"])
    #expect(try versions("all") == ["1", "3"])
    #expect(try versions("some") == ["1"])
    #expect(throws: ServingError.self) { try server.metadata(model: "latest", version: 1) }
  }

  @Test func aModelThatFailsMakesTheServerUnready() async throws {
    let repository = try TemporaryRepository()
    try repository.addIdentity("good")
    try repository.write("max_batch_size: 8\nbackendd: \"identity\"", to: "bad/config.pbtxt")
    try repository.write("", to: "bad/1/empty")
    let server = try repository.server()
    try await server.start()
    #expect(!server.isReady)
    #expect(server.isLive)
    let failure = try #require(server.repository.failures.first)
    #expect(failure.model == "bad")
    #expect(failure.reason.contains("config.pbtxt:2"))
    #expect(failure.reason.contains("backend"))
    #expect(try await server.infer(InferenceRequest("good", [1])).integers("OUT") == [1])
    let index = try server.index(onlyReady: false)
    #expect(index.map(\.name) == ["bad", "good"])
    #expect(index.map(\.state) == ["UNAVAILABLE", "READY"])
  }

  @Test func clientsLoadAndUnload() async throws {
    let repository = try TemporaryRepository()
    try repository.addIdentity("m")
    let server = try repository.server(.explicit)
    try await server.start()
    #expect(server.isReady)
    #expect(throws: ServingError.self) { try server.metadata(model: "m", version: nil) }
    try await server.load(model: "m", LoadOverride())
    #expect(try await server.infer(InferenceRequest("m", [1])).integers("OUT") == [1])
    try await server.unload(model: "m", withDependents: false)
    #expect(throws: ServingError.self) { try server.metadata(model: "m", version: nil) }
    await #expect(throws: ServingError.self) {
      try await server.load(model: "none", LoadOverride())
    }
    await #expect(throws: ServingError.self) {
      try await server.load(model: "../m", LoadOverride())
    }
    #expect(server.isReady)
  }

  @Test func aPlainLoadUndoesAnOverride() async throws {
    let repository = try TemporaryRepository()
    try repository.addIdentity("m")
    let server = try repository.server(.explicit)
    try await server.start()
    var override = LoadOverride()
    override.config =
      #"{"backend":"identity","max_batch_size":2,"input":[{"name":"A","data_type":"TYPE_INT32","#
      + #""dims":[-1]}],"output":[{"name":"B","data_type":"TYPE_INT32","dims":[-1]}]}"#
    try await server.load(model: "m", override)
    #expect(try server.config(model: "m", version: nil).maxBatchSize == 2)
    try await server.load(model: "m", LoadOverride())
    #expect(try server.config(model: "m", version: nil).maxBatchSize == 8)
    // Files need a configuration.
    override.config = nil
    override.files = ["1/model.onnx": []]
    let files = override
    await #expect(throws: ServingError.self) { try await server.load(model: "m", files) }
    #expect(try server.config(model: "m", version: nil).maxBatchSize == 8)
  }

  @Test func aFailedReloadLeavesTheOldVersion() async throws {
    let repository = try TemporaryRepository()
    try repository.addIdentity("m")
    let server = try repository.server(.explicit)
    try await server.start()
    try await server.load(model: "m", LoadOverride())
    try repository.write("nonsense", to: "m/config.pbtxt")
    await #expect(throws: ServingError.self) { try await server.load(model: "m", LoadOverride()) }
    #expect(try await server.infer(InferenceRequest("m", [1])).integers("OUT") == [1])
  }

  @Test func pollingFollowsTheFiles() async throws {
    let repository = try TemporaryRepository()
    try repository.addIdentity("a")
    let server = try repository.server(.poll)
    try await server.start()
    try repository.addIdentity("b")
    try repository.addIdentity("a", batch: 3)
    await server.repository.poll()
    #expect(try server.config(model: "a", version: nil).maxBatchSize == 3)
    #expect(try await server.infer(InferenceRequest("b", [1])).integers("OUT") == [1])
    try repository.remove("b")
    await server.repository.poll()
    #expect(throws: ServingError.self) { try server.config(model: "b", version: nil) }
  }

  /// Requests are answered without a gap while a model is loaded again and again.
  @Test func reloadingLosesNothing() async throws {
    let repository = try TemporaryRepository()
    try repository.addIdentity("m")
    let server = try repository.server(.explicit)
    try await server.start()
    try await server.load(model: "m", LoadOverride())
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<4 {
        group.addTask {
          for index in 0..<500 {
            let response = try await server.infer(InferenceRequest("m", [task, index]))
            #expect(response.integers("OUT") == [task, index])
          }
        }
      }
      group.addTask {
        for _ in 0..<20 { try await server.load(model: "m", LoadOverride()) }
      }
      try await group.waitForAll()
    }
  }

  @Test func stoppingFinishesWhatRuns() async throws {
    let repository = try TemporaryRepository()
    try repository.addIdentity(
      "m", #"parameters { key: "execute_delay_ms" value { string_value: "200" } }"#)
    let server = try repository.server()
    try await server.start()
    let running = Task { try await server.infer(InferenceRequest("m", [5])) }
    try await Task.sleep(for: .milliseconds(50))
    server.beginDraining()
    #expect(!server.isReady)
    #expect(server.isLive)
    let isClean = await server.stop(deadline: Clock.now() + 10_000_000_000)
    #expect(isClean)
    #expect(try await running.value.integers("OUT") == [5])
    #expect(!server.isLive)
  }
}
