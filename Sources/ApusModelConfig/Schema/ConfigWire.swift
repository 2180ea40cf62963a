internal import ApusServingSchema
internal import SwiftProtobuf

/// The binary form of configurations.
enum ConfigWire {
  static func config(_ bytes: [UInt8], location: String?) throws(ConfigError)
    -> Inference_ModelConfig
  {
    do { return try Inference_ModelConfig(serializedBytes: bytes) } catch {
      throw ConfigError("cannot be read: \(error)", location: location)
    }
  }

  static func bytes(_ config: Inference_ModelConfig) -> [UInt8] {
    // Proto3 messages without required fields can always be written below 2 GiB.
    (try? config.serializedBytes()) ?? []
  }
}
