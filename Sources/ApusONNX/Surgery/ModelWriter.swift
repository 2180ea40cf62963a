internal import ApusONNXSchema
internal import ApusTensor
internal import SwiftProtobuf

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Writes an edited model: one binary file with its weights in it, weights in a file beside it, or
/// one of protobuf's text forms, as the name's ending tells. Files appear whole or not at all.
package enum ModelWriter {
  package struct Options: Sendable {
    /// The name of the file for weights, beside the model; nil keeps them in the model.
    package var externalData: String?
    /// Weights of fewer bytes stay in the model.
    package var externalThreshold = 1024

    package init() {}
  }

  package struct Summary: Sendable, Hashable {
    package var modelBytes = 0
    package var externalBytes = 0
    package var externalTensors = 0
  }

  package static func write(
    _ editor: ModelEditor, to path: String, _ options: Options = Options()
  ) throws(ImportError) -> Summary {
    var editor = editor
    var summary = Summary()
    if let name = options.externalData {
      try editor.inlineExternalData(initializers: false)
      let place = try ExternalPlace(name, beside: path)
      let moved = editor.externalize(place.name, from: options.externalThreshold)
      summary.externalTensors = moved.pieces.count
      summary.externalBytes = moved.byteCount
      do throws(TensorError) { try moved.write(to: place.path) } catch {
        throw ImportError(.file(error.description))
      }
    } else {
      try editor.inlineExternalData()
    }
    let form = ModelForm(path: path) ?? .binary
    if form != .binary {
      summary.modelBytes = try write(editor, form, to: path)
      return summary
    }
    let assembly = try editor.assembly()
    guard assembly.byteCount <= ModelAssembly.limit else {
      throw .invalid(
        "the model takes \(assembly.byteCount) bytes, an ONNX file holds at most 2 GiB; "
          + "put the weights into a file beside it with --save-external-data")
    }
    do throws(TensorError) { try assembly.write(to: path) } catch {
      throw ImportError(.file(error.description))
    }
    summary.modelBytes = assembly.byteCount
    return summary
  }

  /// Text forms hold everything in memory.
  private static let textLimit = 1 << 28

  private static func write(
    _ editor: ModelEditor, _ form: ModelForm, to path: String
  ) throws(ImportError) -> Int {
    let assembly = try editor.assembly()
    guard assembly.byteCount <= textLimit else {
      throw .unsupported("a model of \(assembly.byteCount) bytes in text form; write .onnx")
    }
    let bytes = try form.text(assembly.bytes)
    do throws(TensorError) { try FileSystem.write(bytes, to: path, durable: true) } catch {
      throw ImportError(.file(error.description))
    }
    return bytes.count
  }

  /// Where weights go, checked to lie beside the model.
  private struct ExternalPlace {
    let name: String
    let path: String

    init(_ name: String, beside model: String) throws(ImportError) {
      guard !name.isEmpty, !name.contains("/"), name != ".", name != "..",
        !name.utf8.contains(0)
      else {
        throw .invalid("'\(name)' is no file name; external data lies in the model's folder")
      }
      let path = FileSystem.join(FileSystem.folder(of: model), name)
      guard path != model, path != "./" + model else {
        throw .invalid("'\(name)' is the model itself; external data needs a file of its own")
      }
      self.name = name
      self.path = path
    }
  }
}

extension ModelEditor {
  /// The whole binary message.
  func assembly() throws(ImportError) -> ModelAssembly {
    let structure: ByteRange
    do { structure = try ByteRange(copying: try model.serializedBytes()) } catch {
      throw .invalid("the edited model cannot be serialized: \(error)")
    }
    let tensors = tensors
    return try ModelAssembly(structure, as: .model) { reference throws(ImportError) in
      var proto = Onnx_TensorProto()
      proto.rawData = Data(reference.array)
      return try tensors.payload(proto) ?? .mapped(reference)
    }
  }

  /// Takes in what lies outside the file, of initializers or of all other tensors.
  mutating func inlineExternalData(initializers: Bool = true) throws(ImportError) {
    var copy = self
    if !initializers { copy.model.graph.initializer = [] }
    var changed = copy
    try TensorWalk.run(&copy.model) { tensor throws(ImportError) in
      guard tensor.dataLocation == .external else { return }
      var message = changed.message(try changed.tensors.decode(tensor), name: tensor.name)
      message.docString = tensor.docString
      message.metadataProps = tensor.metadataProps
      tensor = message
    }
    changed.model = copy.model
    if !initializers { changed.model.graph.initializer = model.graph.initializer }
    self = changed
  }

  /// The weights that go into a file of their own, padded so that they can be mapped.
  struct ExternalFile {
    fileprivate(set) var pieces: [(padding: Int, tensor: HostTensor)] = []
    fileprivate(set) var byteCount = 0

    func write(to path: String) throws(TensorError) {
      let writer = try FileWriter(path: path)
      for (padding, tensor) in pieces {
        if padding > 0 { try writer.append([UInt8](repeating: 0, count: padding)) }
        try writer.append(tensor)
      }
      try writer.commit(durable: true)
    }
  }

  /// Points all initializers from a size on to the file `location`. Those that cannot be decoded
  /// and strings stay as they are.
  mutating func externalize(_ location: String, from threshold: Int) -> ExternalFile {
    var file = ExternalFile()
    for index in model.graph.initializer.indices {
      let proto = model.graph.initializer[index]
      guard let tensor = try? tensors.decode(proto), tensor.element != .string,
        tensor.byteCount >= max(threshold, 1)
      else { continue }
      let alignment = tensor.byteCount >= Self.pageBound ? Self.page : Self.line
      let padding = (alignment - file.byteCount % alignment) % alignment
      let offset = file.byteCount + padding
      file.pieces.append((padding, tensor))
      file.byteCount = offset + tensor.byteCount
      var message = Onnx_TensorProto()
      message.name = proto.name
      message.dims = proto.dims
      message.dataType = proto.dataType
      message.docString = proto.docString
      message.metadataProps = proto.metadataProps
      message.dataLocation = .external
      message.externalData = [
        ("location", location), ("offset", "\(offset)"), ("length", "\(tensor.byteCount)"),
      ].map { key, value in
        var entry = Onnx_StringStringEntryProto()
        entry.key = key
        entry.value = value
        return entry
      }
      model.graph.initializer[index] = message
    }
    return file
  }

  /// Large weights begin on pages, so that other readers can map them; small ones on cache lines.
  private static let page = 4096
  private static let line = 64
  private static let pageBound = 1 << 20
}
