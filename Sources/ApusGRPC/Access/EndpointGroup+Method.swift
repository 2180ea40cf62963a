#if Server
internal import ApusServing

extension EndpointGroup {
  /// The group of a method, by its path. Reflection tells what metadata tells.
  init(path: String) {
    switch path.split(separator: "/").last ?? "" {
    case "ServerLive", "ServerReady", "ModelReady", "Check", "Watch": self = .health
    case "ModelInfer", "ModelStreamInfer": self = .inference
    case "ModelConfig": self = .modelConfig
    case "ModelStatistics": self = .statistics
    case "RepositoryIndex", "RepositoryModelLoad", "RepositoryModelUnload":
      self = .modelRepository
    case "TraceSetting": self = .trace
    case "LogSettings": self = .logging
    case "SystemSharedMemoryStatus", "SystemSharedMemoryRegister", "SystemSharedMemoryUnregister",
      "CudaSharedMemoryStatus", "CudaSharedMemoryRegister", "CudaSharedMemoryUnregister":
      self = .sharedMemory
    default: self = .metadata
    }
  }
}
#endif
