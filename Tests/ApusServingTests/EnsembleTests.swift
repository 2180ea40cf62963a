import ApusModelConfig
import ApusServingSchema
import Testing

@testable import ApusServing

@Suite struct EnsembleTests {
  private func chain(_ repository: TemporaryRepository, last: String = "b") throws {
    try repository.addIdentity("a")
    try repository.addIdentity("b")
    try repository.write(
      """
      platform: "ensemble"
      max_batch_size: 8
      input { name: "X" data_type: TYPE_INT32 dims: [ -1 ] }
      output { name: "Y" data_type: TYPE_INT32 dims: [ -1 ] }
      ensemble_scheduling {
        step [
          { model_name: "a" model_version: -1
            input_map { key: "IN" value: "X" } output_map { key: "OUT" value: "between" } },
          { model_name: "\(last)" model_version: -1
            input_map { key: "IN" value: "between" } output_map { key: "OUT" value: "Y" } }
        ]
      }
      """, to: "e/config.pbtxt")
    try repository.write("", to: "e/1/empty")
  }

  @Test func tensorsGoFromStepToStep() async throws {
    let repository = try TemporaryRepository()
    try chain(repository)
    let server = try repository.server()
    try await server.start()
    #expect(server.repository.failures.isEmpty)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in 0..<200 {
        group.addTask {
          let response = try await server.infer(InferenceRequest("e", [index], input: "X"))
          #expect(response.integers("Y") == [index])
        }
      }
      try await group.waitForAll()
    }
    for model in ["a", "b", "e"] {
      let statistics = try #require(try server.statistics(model: model, version: nil).first)
      #expect(statistics.inferenceCount == 200)
    }
  }

  @Test func aMissingStepIsNamed() async throws {
    let repository = try TemporaryRepository()
    try chain(repository, last: "c")
    let server = try repository.server()
    try await server.start()
    let failure = try #require(server.repository.failures.first)
    #expect(failure.model == "e")
    #expect(failure.reason.contains("depends on 'c'"))
  }

  @Test func stepsAreLoadedAndUnloadedWithTheirEnsemble() async throws {
    let repository = try TemporaryRepository()
    try chain(repository)
    let server = try repository.server(.explicit)
    try await server.start()
    try await server.load(model: "e", LoadOverride())
    #expect(try await server.infer(InferenceRequest("a", [1])).integers("OUT") == [1])
    try await server.unload(model: "e", withDependents: true)
    #expect(throws: ServingError.self) { try server.config(model: "a", version: nil) }
  }

  @Test func stepsAreLoadedWithAnEnsembleOfTheStart() async throws {
    let repository = try TemporaryRepository()
    try chain(repository)
    try repository.addIdentity("other")
    let server = try repository.server(.explicit) { $0.repository.startupModels = ["e"] }
    try await server.start()
    #expect(server.repository.failures.isEmpty)
    #expect(server.repository.served.map(\.name) == ["a", "b", "e"])
  }

  @Test func ensemblesThatAreStepsOfEachOtherAreRefused() async throws {
    let repository = try TemporaryRepository()
    for (name, step) in [("p", "q"), ("q", "p")] {
      try repository.write(
        """
        platform: "ensemble"
        input { name: "X" data_type: TYPE_INT32 dims: [ -1 ] }
        output { name: "Y" data_type: TYPE_INT32 dims: [ -1 ] }
        ensemble_scheduling {
          step [
            { model_name: "\(step)" model_version: -1
              input_map { key: "X" value: "X" } output_map { key: "Y" value: "Y" } }
          ]
        }
        """, to: "\(name)/config.pbtxt")
      try repository.write("", to: "\(name)/1/empty")
    }
    let server = try repository.server(.explicit)
    try await server.start()
    let error = await #expect(throws: ServingError.self) {
      try await server.load(model: "p", LoadOverride())
    }
    #expect(error?.message.contains("a step of its own steps") == true)
  }
}
