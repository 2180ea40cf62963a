internal import Apus
internal import ApusONNX
internal import ApusTensor

/// Tensors by name in a folder or a `.npz` file: `input_0.pb …` as the ONNX suite has them, or
/// `NAME.npy`.
enum TensorFolder {
  /// The form of a folder, which outputs follow.
  enum Form { case protobuf, numpy }

  /// Errors of tensor files, with the path they belong to.
  private static func at<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    do { return try body() } catch {
      if error is ApusError { throw error }
      throw ApusError(.invalidInput, "\(error)", location: path)
    }
  }

  static func read(
    _ path: String, names: [String], stem: String = "input"
  ) throws -> (values: [String: HostTensor], form: Form) {
    try at(path) { try load(path, names, stem) }
  }

  private static func load(
    _ path: String, _ names: [String], _ stem: String
  ) throws -> (values: [String: HostTensor], form: Form) {
    var values: [String: HostTensor] = [:]
    if path.hasSuffix(".npz") {
      for member in try NumPyArchive.read(path: path) { values[member.name] = member.tensor }
      return (values, .numpy)
    }
    guard FileSystem.isDirectory(path) else {
      throw ApusError(
        .invalidInput, "there is no such folder", location: path,
        hint: "give a folder with NAME.npy or \(stem)_0.pb files, or a .npz file")
    }
    if FileSystem.exists(FileSystem.join(path, "\(stem)_0.pb")) {
      for (index, name) in names.enumerated() {
        let file = FileSystem.join(path, "\(stem)_\(index).pb")
        if FileSystem.exists(file) { values[name] = try TensorFile.read(path: file).tensor }
      }
      return (values, .protobuf)
    }
    for name in names {
      let file = FileSystem.join(path, name + ".npy")
      if FileSystem.exists(file) { values[name] = try NumPyFile.read(path: file) }
    }
    return (values, .numpy)
  }

  static func write(_ values: [NumPyArchive.Member], to path: String, form: Form) throws {
    try at(path) { try save(values, path, form) }
  }

  private static func save(
    _ values: [NumPyArchive.Member], _ path: String, _ form: Form
  ) throws {
    if path.hasSuffix(".npz") {
      try NumPyArchive.write(values, path: path)
      return
    }
    try FileSystem.makeDirectory(path)
    for (index, value) in values.enumerated() {
      if form == .protobuf {
        let file = FileSystem.join(path, "output_\(index).pb")
        try TensorFile.write(value.tensor, name: value.name, path: file)
      } else {
        try NumPyFile.write(value.tensor, path: FileSystem.join(path, value.name + ".npy"))
      }
    }
  }
}
