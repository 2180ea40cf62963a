package import ApusIR
package import ApusTensor
internal import CApusPlatform

/// The layout of engine files; `docs/engine-format.md` describes it.
package enum EngineFile {
  static let magic: [UInt8] = Array("APUSENG\0".utf8)
  package static let formatVersion: UInt32 = 1
  static let headerByteCount = 24
  static let alignment = 64

  /// What a file holds beside weights.
  package struct Contents: Sendable {
    /// The imported graph, from which any target can be built.
    package var source: Graph
    package var plan: Plan
    /// Features of the machine that the plan was built for.
    package var target: String
    /// The version of Apus that wrote the file.
    package var producer: String

    package init(source: Graph, plan: Plan, target: String, producer: String) {
      self.source = source
      self.plan = plan
      self.target = target
      self.producer = producer
    }
  }

  /// A stored tensor: where its bytes lie and their checksum.
  struct Blob {
    var element: ElementType
    var shape: [Int]
    var offset: Int
    var byteCount: Int
    var checksum: UInt64
  }
}

/// Why a file is not a usable engine.
package enum EngineFileError: Error, Sendable {
  case tensor(TensorError)
  case notAnEngine(path: String)
  case version(found: UInt32, supported: UInt32)
  /// A checksum does not match; the file is damaged.
  case damaged(part: String)
  case coding(CodingError)
  case graph(GraphCodingError)
  case malformed(String)
}

extension EngineFileError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .tensor(let error): error.description
    case .notAnEngine(let path): "\(path) is not an Apus engine"
    case .version(let found, let supported):
      "the engine has format version \(found), this build reads version \(supported)"
    case .damaged(let part): "the engine is damaged: the checksum of \(part) does not match"
    case .coding(let error): "the engine is damaged: \(error)"
    case .graph(let error): "the engine is damaged: \(error)"
    case .malformed(let reason): "the engine is damaged: \(reason)"
    }
  }
}
