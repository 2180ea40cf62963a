// The part of ONNX Runtime's C interface that runtime_backend.cpp calls. OrtApi is a table of functions to which releases
// only append, so that its head is the same in all of them: members not called here are counted, and the positions of
// those that are called are checked below. Enumerations are passed as int.
#pragma once
#include <cstddef>
#include <cstdint>

extern "C" {
struct OrtStatus;  // null is success
struct OrtEnv;
struct OrtSession;
struct OrtSessionOptions;
struct OrtRunOptions;
struct OrtMemoryInfo;
struct OrtTensorTypeAndShapeInfo;
struct OrtValue;

struct OrtApi {
  void* before2[2];
  const char* (*GetErrorMessage)(const OrtStatus*);
  OrtStatus* (*CreateEnv)(int severity, const char* name, OrtEnv**);
  void* before7[3];
  OrtStatus* (*CreateSession)(const OrtEnv*, const char* path, const OrtSessionOptions*, OrtSession**);
  void* before9[1];
  OrtStatus* (*Run)(OrtSession*, const OrtRunOptions*, const char* const* inputNames, const OrtValue* const* inputs,
                    size_t inputCount, const char* const* outputNames, size_t outputCount, OrtValue** outputs);
  OrtStatus* (*CreateSessionOptions)(OrtSessionOptions**);
  void* before13[2];
  OrtStatus* (*SetSessionExecutionMode)(OrtSessionOptions*, int mode);
  void* before23[9];
  OrtStatus* (*SetSessionGraphOptimizationLevel)(OrtSessionOptions*, int level);
  OrtStatus* (*SetIntraOpNumThreads)(OrtSessionOptions*, int);
  OrtStatus* (*SetInterOpNumThreads)(OrtSessionOptions*, int);
  void* before49[23];
  OrtStatus* (*CreateTensorWithDataAsOrtValue)(const OrtMemoryInfo*, void* data, size_t size, const int64_t* shape,
                                               size_t rank, int element, OrtValue**);
  void* before51[1];
  OrtStatus* (*GetTensorMutableData)(OrtValue*, void**);
  void* before60[8];
  OrtStatus* (*GetTensorElementType)(const OrtTensorTypeAndShapeInfo*, int*);
  OrtStatus* (*GetDimensionsCount)(const OrtTensorTypeAndShapeInfo*, size_t*);
  OrtStatus* (*GetDimensions)(const OrtTensorTypeAndShapeInfo*, int64_t* extents, size_t count);
  void* before64[1];
  OrtStatus* (*GetTensorShapeElementCount)(const OrtTensorTypeAndShapeInfo*, size_t*);
  OrtStatus* (*GetTensorTypeAndShape)(const OrtValue*, OrtTensorTypeAndShapeInfo**);
  void* before69[3];
  OrtStatus* (*CreateCpuMemoryInfo)(int allocator, int memory, OrtMemoryInfo**);
  void* before92[22];
  void (*ReleaseEnv)(OrtEnv*);
  void (*ReleaseStatus)(OrtStatus*);
  void (*ReleaseMemoryInfo)(OrtMemoryInfo*);
  void (*ReleaseSession)(OrtSession*);
  void (*ReleaseValue)(OrtValue*);
  void* before99[2];
  void (*ReleaseTensorTypeAndShapeInfo)(OrtTensorTypeAndShapeInfo*);
  void (*ReleaseSessionOptions)(OrtSessionOptions*);
};

struct OrtApiBase {
  const OrtApi* (*GetApi)(uint32_t version);
  const char* (*GetVersionString)();
};
}

#define AT(position, member) static_assert(offsetof(OrtApi, member) == position * sizeof(void*))
AT(2, GetErrorMessage);
AT(7, CreateSession);
AT(9, Run);
AT(13, SetSessionExecutionMode);
AT(23, SetSessionGraphOptimizationLevel);
AT(49, CreateTensorWithDataAsOrtValue);
AT(51, GetTensorMutableData);
AT(60, GetTensorElementType);
AT(64, GetTensorShapeElementCount);
AT(69, CreateCpuMemoryInfo);
AT(92, ReleaseEnv);
AT(99, ReleaseTensorTypeAndShapeInfo);
#undef AT
