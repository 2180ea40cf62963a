#if Server
import ApusGRPC
import ApusServing
import ApusServingSchema
import Foundation
import GRPCCore
import GRPCProtobuf
import SwiftProtobuf
import Synchronization
import Testing

@Suite("Methods of the inference service", .timeLimit(.minutes(5)))
struct MethodTests {
  @Test("State, metadata, configuration, statistics")
  func states() async throws {
    try await Loopback.run { loopback in
      let live: Inference_ServerLiveResponse = try await loopback.call(
        "ServerLive", Inference_ServerLiveRequest())
      #expect(live.live)
      let ready: Inference_ServerReadyResponse = try await loopback.call(
        "ServerReady", Inference_ServerReadyRequest())
      #expect(ready.ready)
      var model = Inference_ModelReadyRequest()
      model.name = "broken"
      let modelReady: Inference_ModelReadyResponse = try await loopback.call("ModelReady", model)
      #expect(!modelReady.ready)
      model.name = "no"
      let unknown: Inference_ModelReadyResponse = try await loopback.call("ModelReady", model)
      #expect(!unknown.ready)
      let metadata: Inference_ServerMetadataResponse = try await loopback.call(
        "ServerMetadata", Inference_ServerMetadataRequest())
      #expect(metadata.name == "fake")
      var named = Inference_ModelMetadataRequest()
      named.name = "echo"
      named.version = "1"
      let described: Inference_ModelMetadataResponse = try await loopback.call(
        "ModelMetadata", named)
      #expect(described.versions == ["1"])
      var configRequest = Inference_ModelConfigRequest()
      configRequest.name = "many"
      let config: Inference_ModelConfigResponse = try await loopback.call(
        "ModelConfig", configRequest)
      #expect(config.config.modelTransactionPolicy.decoupled)
      let statistics: Inference_ModelStatisticsResponse = try await loopback.call(
        "ModelStatistics", Inference_ModelStatisticsRequest())
      #expect(statistics.modelStats.map(\.name) == ["all"])
      named.version = "9"
      let unknownVersion = await Loopback.code {
        let _: Inference_ModelMetadataResponse = try await loopback.call("ModelMetadata", named)
      }
      #expect(unknownVersion == .notFound)
    }
  }

  @Test("The repository: index, load with configuration and files, unload")
  func repository() async throws {
    try await Loopback.run { loopback in
      var index = Inference_RepositoryIndexRequest()
      index.ready = true
      let models: Inference_RepositoryIndexResponse = try await loopback.call(
        "RepositoryIndex", index)
      #expect(models.models.map(\.state) == ["READY", "READY", "READY", "READY"])
      var load = Inference_RepositoryModelLoadRequest()
      load.modelName = "m"
      load.parameters["config"] = .with { $0.stringParam = "{}" }
      load.parameters["file:1/model.onnx"] = .with { $0.bytesParam = Data([1, 0, 2]) }
      let _: Inference_RepositoryModelLoadResponse = try await loopback.call(
        "RepositoryModelLoad", load)
      let loads = loopback.service.state.withLock { $0.loads }
      #expect(loads.map(\.0) == ["m"])
      #expect(loads[0].1.config == "{}")
      #expect(loads[0].1.files == ["1/model.onnx": [1, 0, 2]])
      var unload = Inference_RepositoryModelUnloadRequest()
      unload.modelName = "m"
      unload.parameters["unload_dependents"] = .with { $0.boolParam = true }
      let _: Inference_RepositoryModelUnloadResponse = try await loopback.call(
        "RepositoryModelUnload", unload)
      #expect(loopback.service.state.withLock { $0.unloads.map(\.1) } == [true])
      await expect(loopback, .internalError, load) { $0.modelName = "nothing" }
      await expect(loopback, .unimplemented, load) { $0.repositoryName = "r" }
      await expect(loopback, .invalidArgument, load) {
        $0.parameters["config"] = .with { $0.boolParam = true }
      }
      await expect(loopback, .invalidArgument, load) {
        $0.parameters["other"] = .with { $0.boolParam = true }
      }
    }
  }

  private func expect(
    _ loopback: Loopback, _ code: RPCError.Code, _ request: Inference_RepositoryModelLoadRequest,
    _ change: (inout Inference_RepositoryModelLoadRequest) -> Void
  ) async {
    var request = request
    change(&request)
    let changed = request
    let found = await Loopback.code {
      let _: Inference_RepositoryModelLoadResponse = try await loopback.call(
        "RepositoryModelLoad", changed)
    }
    #expect(found == code)
  }

  @Test("Settings of traces and logs are read and changed")
  func settings() async throws {
    try await Loopback.run { loopback in
      var trace = Inference_TraceSettingRequest()
      trace.settings["trace_level"] = .with { $0.value = ["TIMESTAMPS"] }
      trace.settings["trace_rate"] = .with { $0.value = ["7"] }
      let traces: Inference_TraceSettingResponse = try await loopback.call("TraceSetting", trace)
      #expect(traces.settings["trace_level"]?.value == ["TIMESTAMPS"])
      #expect(traces.settings["trace_rate"]?.value == ["7"])
      #expect(loopback.service.settings.trace().rate == 7)
      trace.modelName = "no"
      let unknownModel = await Loopback.code {
        let _: Inference_TraceSettingResponse = try await loopback.call("TraceSetting", trace)
      }
      #expect(unknownModel == .notFound)
      var log = Inference_LogSettingsRequest()
      log.settings["log_verbose_level"] = .with { $0.uint32Param = 2 }
      log.settings["log_info"] = .with { $0.boolParam = false }
      log.settings["log_format"] = .with { $0.stringParam = "ISO8601" }
      let logs: Inference_LogSettingsResponse = try await loopback.call("LogSettings", log)
      #expect(logs.settings["log_verbose_level"]?.uint32Param == 2)
      #expect(logs.settings["log_info"]?.boolParam == false)
      #expect(logs.settings["log_format"]?.stringParam == "ISO8601")
      log.settings["log_file"] = .with { $0.stringParam = "x" }
      let file = await Loopback.code {
        let _: Inference_LogSettingsResponse = try await loopback.call("LogSettings", log)
      }
      #expect(file == .unimplemented)
    }
  }

  @Test("Shared memory that is not there is refused; CUDA's is not supported")
  func sharedMemory() async throws {
    try await Loopback.run { loopback in
      let regions: Inference_SystemSharedMemoryStatusResponse = try await loopback.call(
        "SystemSharedMemoryStatus", Inference_SystemSharedMemoryStatusRequest())
      #expect(regions.regions.isEmpty)
      var register = Inference_SystemSharedMemoryRegisterRequest()
      register.name = "r"
      register.key = "/apus-no-such-object"
      register.byteSize = 8
      let noObject = await Loopback.code {
        let _: Inference_SystemSharedMemoryRegisterResponse = try await loopback.call(
          "SystemSharedMemoryRegister", register)
      }
      #expect(noObject == .invalidArgument)
      var cuda = Inference_CudaSharedMemoryRegisterRequest()
      cuda.name = "c"
      cuda.rawHandle = Data(repeating: 0, count: 64)
      cuda.byteSize = 8
      let registered = await Loopback.code {
        let _: Inference_CudaSharedMemoryRegisterResponse = try await loopback.call(
          "CudaSharedMemoryRegister", cuda)
      }
      #expect(registered == .unimplemented)
      let _: Inference_CudaSharedMemoryUnregisterResponse = try await loopback.call(
        "CudaSharedMemoryUnregister", Inference_CudaSharedMemoryUnregisterRequest())
    }
  }
}
#endif
