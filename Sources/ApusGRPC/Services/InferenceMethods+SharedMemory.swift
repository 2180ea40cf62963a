#if Server
internal import ApusServing
internal import ApusServingSchema

extension InferenceMethods {
  func registerSharedMemory(with methods: inout MethodTable) {
    let regions = service.sharedMemory
    methods.unary(Self.path("SystemSharedMemoryStatus")) {
      (request: Inference_SystemSharedMemoryStatusRequest) throws(ServingError) in
      var response = Inference_SystemSharedMemoryStatusResponse()
      for region in try regions.systemStatus(name: request.name) {
        response.regions[region.name] = region
      }
      return response
    }
    methods.unary(Self.path("SystemSharedMemoryRegister")) {
      (request: Inference_SystemSharedMemoryRegisterRequest) throws(ServingError) in
      try regions.registerSystem(
        name: request.name, key: request.key, offset: request.offset, byteCount: request.byteSize)
      return Inference_SystemSharedMemoryRegisterResponse()
    }
    methods.unary(Self.path("SystemSharedMemoryUnregister")) {
      (request: Inference_SystemSharedMemoryUnregisterRequest) throws(ServingError) in
      regions.unregisterSystem(name: request.name)
      return Inference_SystemSharedMemoryUnregisterResponse()
    }
    methods.unary(Self.path("CudaSharedMemoryStatus")) {
      (request: Inference_CudaSharedMemoryStatusRequest) throws(ServingError) in
      var response = Inference_CudaSharedMemoryStatusResponse()
      for region in try regions.cudaStatus(name: request.name) {
        response.regions[region.name] = region
      }
      return response
    }
    methods.unary(Self.path("CudaSharedMemoryRegister")) {
      (request: Inference_CudaSharedMemoryRegisterRequest) throws(ServingError) in
      try regions.registerCUDA(
        name: request.name, handle: [UInt8](request.rawHandle),
        device: Int(clamping: request.deviceID), byteCount: request.byteSize)
      return Inference_CudaSharedMemoryRegisterResponse()
    }
    methods.unary(Self.path("CudaSharedMemoryUnregister")) {
      (request: Inference_CudaSharedMemoryUnregisterRequest) throws(ServingError) in
      regions.unregisterCUDA(name: request.name)
      return Inference_CudaSharedMemoryUnregisterResponse()
    }
  }
}
#endif
