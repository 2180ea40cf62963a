internal import ApusONNXSchema
internal import ApusTensor
internal import SwiftProtobuf

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The forms in which a model is stored; the ending of a file's name tells which.
package enum ModelForm: Sendable, Hashable, CaseIterable {
  case binary
  /// Protobuf's text format.
  case protobufText
  /// Protobuf's JSON.
  case json
  /// ONNX text syntax, as `onnx.parser` reads it.
  case onnxText

  /// Endings of file names, in lower case.
  package var endings: [String] {
    switch self {
    case .binary: ["onnx", "pb", "onnxpb"]
    case .protobufText: ["textproto", "pbtxt", "prototxt"]
    case .json: ["json", "onnxjson"]
    case .onnxText: ["onnxtxt", "onnxtext"]
    }
  }

  /// The form that a name asks for; nil where its ending is none of those known.
  package init?(path: String) {
    let name = path.split(separator: "/").last ?? ""
    guard let dot = name.lastIndex(of: ".") else { return nil }
    let ending = name[name.index(after: dot)...].lowercased()
    guard let form = Self.allCases.first(where: { $0.endings.contains(ending) }) else {
      return nil
    }
    self = form
  }

  /// Text is decoded in memory, which takes many times its size.
  private static let sizeLimit = 1 << 29

  /// The binary message of a model in this form.
  func binary(_ bytes: ByteRange) throws(ImportError) -> ByteRange {
    guard self != .binary else { return bytes }
    guard bytes.count <= Self.sizeLimit else {
      throw .unsupported("a model of \(bytes.count) bytes in text form; store it as .onnx")
    }
    guard let text = String(validating: bytes.array, as: UTF8.self) else {
      throw ImportError(
        .notAModel("the file is named like a text form of a model and is no text"))
    }
    let model = try decode(text)
    do { return try ByteRange(copying: try model.serializedBytes()) } catch {
      throw .invalid("the model cannot be serialized: \(error)")
    }
  }

  private func decode(_ text: String) throws(ImportError) -> Onnx_ModelProto {
    do {
      switch self {
      case .binary: return Onnx_ModelProto()
      case .protobufText: return try Onnx_ModelProto(textFormatString: text)
      case .json: return try Onnx_ModelProto(jsonString: text)
      case .onnxText: return try ONNXTextParser.model(text)
      }
    } catch let error as ONNXTextError {
      throw ImportError(.notAModel("\(error)"))
    } catch {
      let what = self == .json ? "protobuf's JSON form" : "protobuf's text form"
      throw ImportError(.notAModel("the file is no ONNX model in \(what): \(error)"))
    }
  }

  /// A binary message in this form. ONNX text syntax is only read.
  func text(_ bytes: [UInt8]) throws(ImportError) -> [UInt8] {
    do {
      switch self {
      case .binary: return bytes
      case .protobufText:
        return Array(try Onnx_ModelProto(serializedBytes: bytes).textFormatString().utf8)
      case .json: return Array(try Onnx_ModelProto(serializedBytes: bytes).jsonString().utf8)
      case .onnxText: break
      }
    } catch { throw .invalid("the model cannot be written as text: \(error)") }
    throw .unsupported("writing ONNX text syntax; write .onnx, .textproto or .json")
  }
}
