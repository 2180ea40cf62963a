internal import Apus
internal import ApusONNX
internal import ApusTensor

/// Tensors by name in a folder or a `.npz` file: `input_0.pb …` as the ONNX suite has them, or
/// `NAME.npy`.
enum TensorFolder {
  /// The form of a folder, which outputs follow.
  enum Form { case protobuf, numpy }
  /// What tensors are; the ONNX suite's file names begin with it.
  enum Role: String { case input, output }

  /// Reads the tensors that `names` lists; others are left alone.
  static func read(
    _ path: String, _ role: Role, names: [String]
  ) throws(ApusError) -> (values: [String: HostTensor], form: Form) {
    do {
      if FileSystem.isDirectory(path) { return try readFolder(path, role, names) }
      guard FileSystem.exists(path) else {
        throw ApusError(
          .invalidInput, "there is no such file or folder", location: path,
          hint: "give a folder with NAME.npy or \(role)_0.pb files, or a .npz file")
      }
      if path.hasSuffix(".npz") {
        let members = try NumPyArchive.read(path: path)
        let values = Dictionary(
          members.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
        return (try selected(values, role, names, path), .numpy)
      }
      guard names.count == 1, let name = names.first else {
        throw ApusError(
          .invalidInput, "one file cannot hold \(names.count) \(role)s", location: path,
          hint: "give a folder with NAME.npy files or a .npz file")
      }
      if path.hasSuffix(".pb") {
        return ([name: try TensorFile.read(path: path).tensor], .protobuf)
      }
      return ([name: try NumPyFile.read(path: path)], .numpy)
    } catch { throw boundary(error, path) }
  }

  private static func readFolder(
    _ path: String, _ role: Role, _ names: [String]
  ) throws -> (values: [String: HostTensor], form: Form) {
    var values: [String: HostTensor] = [:]
    let isProtobuf = FileSystem.exists(FileSystem.join(path, "\(role)_0.pb"))
    for (index, name) in names.enumerated() {
      if isProtobuf {
        let file = FileSystem.join(path, "\(role)_\(index).pb")
        if FileSystem.exists(file) { values[name] = try TensorFile.read(path: file).tensor }
      } else {
        for file in [name, escaped(name)].map({ FileSystem.join(path, $0 + ".npy") })
        where values[name] == nil && FileSystem.exists(file) {
          values[name] = try NumPyFile.read(path: file)
        }
      }
    }
    return (try selected(values, role, names, path), isProtobuf ? .protobuf : .numpy)
  }

  /// The tensors that are wanted; none at all is an error that says what is there.
  private static func selected(
    _ values: [String: HostTensor], _ role: Role, _ names: [String], _ path: String
  ) throws(ApusError) -> [String: HostTensor] {
    let wanted = values.filter { names.contains($0.key) }
    guard let missing = names.first(where: { wanted[$0] == nil }) else { return wanted }
    let found =
      FileSystem.isDirectory(path)
      ? (try? FileSystem.list(path)) ?? [] : values.keys.sorted().map { $0 + ".npy" }
    let shown = found.prefix(8).joined(separator: ", ") + (found.count > 8 ? ", …" : "")
    throw ApusError(
      .invalidInput, "\(role) '\(missing)' is missing", location: path,
      hint: found.isEmpty
        ? "nothing is there; '\(missing).npy' is looked for"
        : "'\(missing).npy' is looked for; found \(shown)")
  }

  static func write(
    _ values: [(name: String, tensor: HostTensor)], to path: String, form: Form
  ) throws(ApusError) {
    do {
      if path.hasSuffix(".npz") {
        try NumPyArchive.write(
          values.map { NumPyArchive.Member(name: $0.name, tensor: $0.tensor) }, path: path)
        return
      }
      try FileSystem.makeDirectory(path)
      for (index, value) in values.enumerated() {
        switch form {
        case .protobuf:
          try TensorFile.write(
            value.tensor, name: value.name, path: FileSystem.join(path, "output_\(index).pb"))
        case .numpy:
          let file = FileSystem.join(path, fileName(value.name) + ".npy")
          try FileSystem.makeDirectory(FileSystem.folder(of: file))
          try NumPyFile.write(value.tensor, path: file)
        }
      }
    } catch { throw boundary(error, path) }
  }

  /// The name itself where it stays inside the folder, else escaped. A `/` in it makes folders.
  private static func fileName(_ name: String) -> String {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    let isPlain = parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." && !$0.contains("\0") }
    return isPlain ? name : escaped(name)
  }

  /// A name without what gives paths a meaning.
  private static func escaped(_ name: String) -> String {
    var text = ""
    for character in name {
      switch character {
      case "/": text += "%2F"
      case "\0": text += "%00"
      default: text.append(character)
      }
    }
    return text.isEmpty ? "%" : text
  }

  private static func boundary(_ error: any Error, _ path: String) -> ApusError {
    switch error {
    case let error as ApusError: return error
    case TensorError.file(let file, let reason):
      return ApusError(.invalidInput, reason, location: file)
    case let error as ImportError:
      return ApusError(
        error.isUnsupported ? .unsupported : .invalidInput, error.description, location: path)
    default: return ApusError(.invalidInput, "\(error)", location: path)
    }
  }
}
