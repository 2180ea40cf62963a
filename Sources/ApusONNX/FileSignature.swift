internal import ApusTensor

/// Recognises files that are not what their name says, so that the error can help.
enum FileSignature {
  /// What the bytes look like and what to do; nil where they may be a protobuf message.
  static func complaint(_ file: ByteRange) -> String? {
    if file.count == 0 {
      return "the file is empty (0 bytes); the export or download that made it did not finish"
    }
    if file.starts(with: "version https://git-lfs") {
      return "the file is a Git LFS pointer, not the model; fetch the content with 'git lfs pull'"
    }
    for (magic, what) in magics where file.starts(with: magic) { return "the file is \(what)" }
    if file[0] == 0x1F, file[1] == 0x8B { return "the file is gzip-compressed; unpack it first" }
    if file[0] == 0x93, file.slice(at: 1, count: 5)?.starts(with: "NUMPY") == true {
      return "the file is a NumPy array (.npy), not an ONNX model"
    }
    if file[0] == 0x89, file.slice(at: 1, count: 3)?.starts(with: "HDF") == true {
      return "the file is HDF5 (Keras); convert it to ONNX first, for example with tf2onnx"
    }
    if file.slice(at: 4, count: 4)?.starts(with: "TFL3") == true {
      return "the file is a TensorFlow Lite model; convert it to ONNX first"
    }
    return text(file)
  }

  private static let magics: [(String, String)] = [
    ("PK\u{3}\u{4}", "a zip archive (perhaps a PyTorch checkpoint or .npz); export to ONNX first"),
    ("GGUF", "a GGUF model; Apus reads ONNX"),
    ("%PDF", "a PDF document"),
    ("\u{7F}ELF", "an ELF binary (library or program)"),
  ]

  /// Text that a protobuf message would not start with.
  private static func text(_ file: ByteRange) -> String? {
    let head = (file.slice(at: 0, count: min(file.count, 256)) ?? file).array
    // A model begins with its IR version (08 ..); no text does.
    let isText = head.allSatisfy { $0 >= 0x20 && $0 != 0x7F || [0x09, 0x0A, 0x0D].contains($0) }
    guard isText, file.count >= 4 else { return nil }
    let start = String(decoding: head, as: UTF8.self).drop { $0.isWhitespace }
    let lower = start.prefix(32).lowercased()
    if lower.hasPrefix("<!doctype html") || lower.hasPrefix("<html") {
      return "the file is an HTML page, not a model; the download link probably led to a web page "
        + "(log-in or error), use the raw file's link"
    }
    if lower.hasPrefix("<?xml") { return "the file is XML, not an ONNX model (byte 0 is '<')" }
    if lower.hasPrefix("{") {
      return "the file is JSON text (byte 0 is '{'); a model in protobuf's JSON form is read from "
        + "a file named .onnxjson or .json"
    }
    if lower.hasPrefix("ir_version") {
      return "the file is a model in protobuf's text form; name it .textproto to have it read"
    }
    if lower.hasPrefix("<") {
      return "the file is a model in ONNX text syntax; name it .onnxtxt to have it read"
    }
    let sample = start.prefix(24).split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
    return "the file is text, not an ONNX model (it starts with \"\(sample)\" at byte 0)"
  }
}
