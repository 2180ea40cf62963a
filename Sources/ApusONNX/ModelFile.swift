package import ApusIR
package import ApusONNXSchema
package import ApusTensor
internal import SwiftProtobuf

/// A model as it lies in its file: decoded structure, and weights that stay mapped.
package struct ModelFile: Sendable {
  package let proto: Onnx_ModelProto
  let tensors: TensorDecoder

  /// A model that was built in memory; external data is refused without a folder.
  package init(_ proto: Onnx_ModelProto, folder: String? = nil) {
    self.proto = proto
    self.tensors = TensorDecoder(
      rawData: .inline,
      external: folder.map { ExternalData(folder: $0, allowOutside: false) })
  }

  /// Structure and the decoder that its payload references belong to.
  init(_ proto: Onnx_ModelProto, _ tensors: TensorDecoder) {
    self.proto = proto
    self.tensors = tensors
  }

  /// Maps and decodes a file: binary, or a text form that its name's ending tells.
  package init(path: String, options: ImportOptions = ImportOptions()) throws(ImportError) {
    let file: MappedFile
    do { file = try MappedFile(path: path) } catch { throw ImportError(.file("\(error)")) }
    try self.init(
      file.range, as: ModelForm(path: path) ?? .binary, folder: FileSystem.folder(of: path),
      allowOutside: options.allowExternalDataOutside)
  }

  /// Decodes a model in any form.
  package init(
    _ bytes: ByteRange, as form: ModelForm, folder: String? = nil, allowOutside: Bool = false
  ) throws(ImportError) {
    try self.init(try form.binary(bytes), folder: folder, allowOutside: allowOutside)
  }

  /// Decodes a serialized model.
  package init(
    _ bytes: ByteRange, folder: String? = nil, allowOutside: Bool = false
  ) throws(ImportError) {
    if let complaint = FileSignature.complaint(bytes) { throw ImportError(.notAModel(complaint)) }
    let structure: [UInt8]
    do { structure = try PayloadScanner.scan(bytes, as: .model) } catch {
      throw Self.explain(error, bytes)
    }
    do { proto = try Onnx_ModelProto(serializedBytes: structure) } catch {
      throw ImportError(
        .notAModel("the file is no ONNX model: its protobuf structure is damaged (\(error))"))
    }
    guard proto.hasGraph else {
      throw ImportError(
        .notAModel(
          "the file has \(bytes.count) bytes and no graph; it is no ONNX model or was cut off"))
    }
    tensors = TensorDecoder(
      rawData: .references(bytes),
      external: folder.map { ExternalData(folder: $0, allowOutside: allowOutside) })
  }

  private static func explain(_ error: WireError, _ bytes: ByteRange) -> ImportError {
    if case .tooLarge = error {
      return .unsupported("\(error); store large tensors as raw_data or external data")
    }
    if error.suggestsTruncation, bytes[0] == 0x08 {
      return ImportError(
        .notAModel(
          "the file begins like an ONNX model but is cut off: \(error); "
            + "it has \(bytes.count) bytes, download or copy it again"))
    }
    return ImportError(.notAModel("the file is no ONNX model: \(error)"))
  }
}

/// Settings of an import.
package struct ImportOptions: Sendable {
  /// Admits external data by absolute path, through `..` or through links out of the folder.
  package var allowExternalDataOutside = false
  /// What the model may ask for.
  package var limits = ResourceLimits()

  /// Operators that the user supplies; they take the place of known ones of the same name.
  package var custom = CustomOperators()

  package init() {}
}
