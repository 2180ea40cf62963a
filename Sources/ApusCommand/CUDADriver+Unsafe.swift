internal import ApusTensor

/// What the CUDA driver says, where there is one.
enum CUDADriver {
  struct Report {
    var version = ""
    var devices: [String] = []
    /// Why there are no devices.
    var problem: String?
  }

  private typealias Init = @convention(c) (UInt32) -> Int32
  private typealias GetInteger = @convention(c) (UnsafeMutablePointer<Int32>) -> Int32
  private typealias GetDevice = @convention(c) (UnsafeMutablePointer<Int32>, Int32) -> Int32
  private typealias GetName = @convention(c) (UnsafeMutablePointer<CChar>, Int32, Int32) -> Int32
  private typealias GetMemory = @convention(c) (UnsafeMutablePointer<Int>, Int32) -> Int32
  private typealias GetAttribute =
    @convention(c) (
      UnsafeMutablePointer<Int32>, Int32, Int32
    ) -> Int32

  /// Nil where no driver library can be opened.
  static func report() -> Report? {
    guard let library = DynamicLibrary(["libcuda.so.1", "libcuda.so"]) else { return nil }
    var report = Report()
    guard let initialize = library.symbol("cuInit", as: Init.self),
      let getVersion = unsafe library.symbol("cuDriverGetVersion", as: GetInteger.self),
      let getCount = unsafe library.symbol("cuDeviceGetCount", as: GetInteger.self),
      let getDevice = unsafe library.symbol("cuDeviceGet", as: GetDevice.self),
      let getName = unsafe library.symbol("cuDeviceGetName", as: GetName.self),
      let getMemory = unsafe library.symbol("cuDeviceTotalMem_v2", as: GetMemory.self),
      let getAttribute = unsafe library.symbol("cuDeviceGetAttribute", as: GetAttribute.self)
    else {
      report.problem = "the driver library lacks functions"
      return report
    }
    var version: Int32 = 0
    if unsafe getVersion(&version) == 0 {
      report.version = "\(version / 1000).\(version % 1000 / 10)"
    }
    let status = initialize(0)
    var count: Int32 = 0
    guard status == 0, unsafe getCount(&count) == 0 else {
      report.problem = "the driver does not start (error \(status))"
      return report
    }
    for index in 0..<max(count, 0) {
      var device: Int32 = 0
      guard unsafe getDevice(&device, index) == 0 else { continue }
      let name = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
        unsafe buffer.initialize(repeating: 0)
        guard let start = buffer.baseAddress, unsafe getName(start, 255, device) == 0 else {
          return "?"
        }
        return unsafe String(cString: start)
      }
      var memory = 0
      var major: Int32 = 0
      var minor: Int32 = 0
      _ = unsafe getMemory(&memory, device)
      _ = unsafe getAttribute(&major, 75, device)
      _ = unsafe getAttribute(&minor, 76, device)
      report.devices.append(
        "\(name), compute capability \(major).\(minor), \(MemorySize.text(memory))")
    }
    if report.devices.isEmpty { report.problem = "the driver has no devices" }
    return report
  }
}
