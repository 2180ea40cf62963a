internal import Apus
internal import ApusTensor
internal import CApusDemo

/// The demo's embedded data.
struct DemoData {
  /// The classifier as an ONNX file.
  let model: [UInt8]
  /// Scans that training never saw: [n, 1, 8, 8], from 0 (white) to 1 (black).
  let images: HostTensor
  /// The digit that each scan shows.
  let labels: [Int]

  init() throws(ApusError) {
    model = unsafe Self.bytes(apus_demo_model)
    do throws(TensorError) {
      images = try unsafe NumPyFile.decode(try ByteRange(copying: Self.bytes(apus_demo_images)))
      labels = try unsafe NumPyFile.decode(try ByteRange(copying: Self.bytes(apus_demo_labels)))
        .integers()
    } catch {
      throw ApusError(.internalFailure, "the embedded data cannot be read: \(error)")
    }
    guard !model.isEmpty, images.rank == 4, images.shape[0] == labels.count else {
      throw ApusError(.internalFailure, "the embedded data is incomplete")
    }
  }

  private static func bytes(
    _ source: (UnsafeMutablePointer<Int>?) -> UnsafePointer<UInt8>?
  ) -> [UInt8] {
    var size = 0
    guard let start = unsafe source(&size) else { return [] }
    return unsafe Array(UnsafeBufferPointer(start: start, count: size))
  }
}
