#if Server
internal import ApusModelConfig
internal import ApusServing
internal import ApusServingSchema
internal import NIOCore

/// What the server tells of itself and its models, in the JSON of the protocol.
enum Describing {
  static func answer(_ metadata: Inference_ServerMetadataResponse) -> HTTPAnswer {
    .json { writer in
      writer.object { writer in
        writer.member("name", metadata.name)
        writer.member("version", metadata.version)
        writer.key("extensions")
        writer.texts(metadata.extensions)
      }
    }
  }

  static func answer(_ metadata: Inference_ModelMetadataResponse) -> HTTPAnswer {
    func write(
      _ tensors: [Inference_ModelMetadataResponse.TensorMetadata], _ writer: inout JSONWriter
    ) {
      writer.array { writer in
        for tensor in tensors {
          writer.object { writer in
            writer.member("name", tensor.name)
            writer.member("datatype", tensor.datatype)
            writer.key("shape")
            writer.array { writer in
              for extent in tensor.shape { writer.integer(extent) }
            }
          }
        }
      }
    }
    return .json { writer in
      writer.object { writer in
        writer.member("name", metadata.name)
        writer.key("versions")
        writer.texts(metadata.versions)
        writer.member("platform", metadata.platform)
        writer.key("inputs")
        write(metadata.inputs, &writer)
        writer.key("outputs")
        write(metadata.outputs, &writer)
      }
    }
  }

  static func answer(_ config: Inference_ModelConfig) -> HTTPAnswer {
    HTTPAnswer(
      contentType: "application/json", body: Array(ModelConfigJSON.text(of: config).utf8))
  }

  static func answer(_ models: [Inference_RepositoryIndexResponse.ModelIndex]) -> HTTPAnswer {
    .json { writer in
      writer.array { writer in
        for model in models {
          writer.object { writer in
            writer.member("name", model.name)
            if !model.version.isEmpty { writer.member("version", model.version) }
            if !model.state.isEmpty { writer.member("state", model.state) }
            if !model.reason.isEmpty { writer.member("reason", model.reason) }
          }
        }
      }
    }
  }

  static func answer(
    _ regions: [Inference_SystemSharedMemoryStatusResponse.RegionStatus]
  ) -> HTTPAnswer {
    .json { writer in
      writer.array { writer in
        for region in regions {
          writer.object { writer in
            writer.member("name", region.name)
            writer.member("key", region.key)
            writer.member("offset", region.offset)
            writer.member("byte_size", region.byteSize)
          }
        }
      }
    }
  }

  static func answer(
    _ regions: [Inference_CudaSharedMemoryStatusResponse.RegionStatus]
  ) -> HTTPAnswer {
    .json { writer in
      writer.array { writer in
        for region in regions {
          writer.object { writer in
            writer.member("name", region.name)
            writer.member("device_id", region.deviceID)
            writer.member("byte_size", region.byteSize)
          }
        }
      }
    }
  }

  // MARK: Statistics

  static func answer(_ models: [Inference_ModelStatistics]) -> HTTPAnswer {
    .json { writer in
      writer.object { writer in
        writer.key("model_stats")
        writer.array { writer in
          for model in models { writer.object { writer in write(model, &writer) } }
        }
      }
    }
  }

  private static func write(_ model: Inference_ModelStatistics, _ writer: inout JSONWriter) {
    let phases = model.inferenceStats
    writer.member("name", model.name)
    writer.member("version", model.version)
    writer.member("last_inference", model.lastInference)
    writer.member("inference_count", model.inferenceCount)
    writer.member("execution_count", model.executionCount)
    writer.durations(
      "inference_stats",
      [
        ("success", phases.success), ("fail", phases.fail), ("queue", phases.queue),
        ("compute_input", phases.computeInput), ("compute_infer", phases.computeInfer),
        ("compute_output", phases.computeOutput), ("cache_hit", phases.cacheHit),
        ("cache_miss", phases.cacheMiss),
      ])
    writer.key("response_stats")
    writer.object { writer in
      for (index, response) in model.responseStats.sorted(by: { $0.key < $1.key }) {
        writer.durations(
          index,
          [
            ("compute_infer", response.computeInfer),
            ("compute_output", response.computeOutput), ("success", response.success),
            ("fail", response.fail), ("empty_response", response.emptyResponse),
            ("cancel", response.cancel),
          ])
      }
    }
    writer.key("batch_stats")
    writer.array { writer in
      for batch in model.batchStats {
        writer.object { writer in
          writer.member("batch_size", batch.batchSize)
          writer.durationMembers([
            ("compute_input", batch.computeInput), ("compute_infer", batch.computeInfer),
            ("compute_output", batch.computeOutput),
          ])
        }
      }
    }
    writer.key("memory_usage")
    writer.array { writer in
      for usage in model.memoryUsage {
        writer.object { writer in
          writer.member("type", usage.type)
          writer.member("id", usage.id)
          writer.member("byte_size", usage.byteSize)
        }
      }
    }
  }
}

extension JSONWriter {
  mutating func member(_ name: String, _ value: String) {
    key(name)
    string(value)
  }

  mutating func member(_ name: String, _ value: some BinaryInteger) {
    key(name)
    integer(value)
  }

  mutating func texts(_ values: [String]) {
    array { writer in
      for value in values { writer.string(value) }
    }
  }

  fileprivate mutating func durations(
    _ name: String, _ values: [(String, Inference_StatisticDuration)]
  ) {
    key(name)
    object { $0.durationMembers(values) }
  }

  fileprivate mutating func durationMembers(
    _ values: [(String, Inference_StatisticDuration)]
  ) {
    for (name, value) in values {
      key(name)
      object { writer in
        writer.member("count", value.count)
        writer.member("ns", value.ns)
      }
    }
  }
}
#endif
