#if Server
internal import ApusServing
internal import ApusServingSchema
internal import GRPCCore

extension InferenceMethods {
  func registerSharedMemory<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
    let regions = service.sharedMemory
    router.unary(Method.SystemSharedMemoryStatus.descriptor) {
      (request: Inference_SystemSharedMemoryStatusRequest) throws(ServingError) in
      var response = Inference_SystemSharedMemoryStatusResponse()
      for region in try regions.systemStatus(name: request.name) {
        response.regions[region.name] = region
      }
      return response
    }
    router.unary(Method.SystemSharedMemoryRegister.descriptor) {
      (request: Inference_SystemSharedMemoryRegisterRequest) throws(ServingError) in
      try regions.registerSystem(
        name: request.name, key: request.key, offset: request.offset, byteCount: request.byteSize)
      return Inference_SystemSharedMemoryRegisterResponse()
    }
    router.unary(Method.SystemSharedMemoryUnregister.descriptor) {
      (request: Inference_SystemSharedMemoryUnregisterRequest) throws(ServingError) in
      regions.unregisterSystem(name: request.name)
      return Inference_SystemSharedMemoryUnregisterResponse()
    }
    router.unary(Method.CudaSharedMemoryStatus.descriptor) {
      (request: Inference_CudaSharedMemoryStatusRequest) throws(ServingError) in
      var response = Inference_CudaSharedMemoryStatusResponse()
      for region in try regions.cudaStatus(name: request.name) {
        response.regions[region.name] = region
      }
      return response
    }
    router.unary(Method.CudaSharedMemoryRegister.descriptor) {
      (request: Inference_CudaSharedMemoryRegisterRequest) throws(ServingError) in
      try regions.registerCUDA(
        name: request.name, handle: [UInt8](request.rawHandle),
        device: Int(clamping: request.deviceID), byteCount: request.byteSize)
      return Inference_CudaSharedMemoryRegisterResponse()
    }
    router.unary(Method.CudaSharedMemoryUnregister.descriptor) {
      (request: Inference_CudaSharedMemoryUnregisterRequest) throws(ServingError) in
      regions.unregisterCUDA(name: request.name)
      return Inference_CudaSharedMemoryUnregisterResponse()
    }
  }
}
#endif
