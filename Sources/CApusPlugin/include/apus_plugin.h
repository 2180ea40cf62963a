// Custom operators for Apus from a shared library, given by --plugins=LIBRARY.so.
//
// The library exports apus_plugin_describe. One state stands for one node of a model; it is used
// from several threads at once. Element types are the numbers of TensorProto.DataType in ONNX;
// strings cannot cross this interface. This header needs nothing but C99.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define APUS_PLUGIN_ABI 1

#if defined(_WIN32)
#define APUS_PLUGIN_EXPORT __declspec(dllexport)
#else
#define APUS_PLUGIN_EXPORT __attribute__((visibility("default")))
#endif

// The type of a tensor. An extent below 0 is a symbol whose number is known later: equal numbers
// stand for equal extents, and a result may repeat those of the operands.
typedef struct {
  int32_t element;
  int32_t rank;            // APUS_UNKNOWN where not even the rank is known
  const int64_t *extents;  // `rank` of them
} apus_type;

// As a rank, or as an extent of a result: only the data tells.
#define APUS_UNKNOWN (-1)

// An operand: row-major, without gaps, elements below 8 bits packed from the low bits on. All
// extents are known. data is NULL and the element 0 where the node leaves the operand out.
typedef struct {
  apus_type type;
  const void *data;
  size_t byte_count;
} apus_tensor;

enum {
  APUS_ATTRIBUTE_INTEGER = 1,
  APUS_ATTRIBUTE_REAL = 2,
  APUS_ATTRIBUTE_TEXT = 3,
  APUS_ATTRIBUTE_INTEGERS = 4,
  APUS_ATTRIBUTE_REALS = 5,
  APUS_ATTRIBUTE_TEXTS = 6,
  APUS_ATTRIBUTE_TENSOR = 7  // integers[0] is its position among the operands
};

// An attribute of a node: `count` values in the array of its kind, 1 for single ones.
typedef struct {
  const char *name;
  int32_t kind;
  size_t count;
  const int64_t *integers;
  const double *reals;
  const char *const *texts;  // each ends with a NUL that its length does not count
  const size_t *lengths;
} apus_attribute;

// One call of the library by Apus; valid until the library returns.
typedef struct apus_call apus_call;

// What the library may call back.
typedef struct {
  // Says why the call fails; the text is copied. The library returns false (or NULL) after it.
  void (*fail)(apus_call *call, const char *reason);
  // In `infer`: gives the type of a result, in any order, each once.
  void (*declare)(apus_call *call, size_t index, apus_type type);
  // In `evaluate`: memory for a result of a type whose extents are all known, or NULL where the type
  // contradicts the declared one or memory is short; the library then returns false.
  void *(*allocate)(apus_call *call, size_t index, apus_type type);
} apus_host;

typedef struct {
  const char *domain;  // as models write it; "" is ONNX's own
  const char *name;
  int32_t since;           // the first version of the domain's operator set with the operator
  int32_t deterministic;   // 1 where equal operands give equal results
  // Makes the state of a node (not NULL); NULL after `fail`.
  void *(*create)(const apus_host *host, apus_call *call, const apus_attribute *attributes,
                  size_t count);
  void (*destroy)(void *state);
  // Declares the type of each result. Operands that are left out have the element 0.
  bool (*infer)(const apus_host *host, apus_call *call, const void *state,
                const apus_type *operands, size_t count);
  // Allocates and fills each result.
  bool (*evaluate)(const apus_host *host, apus_call *call, const void *state,
                   const apus_tensor *operands, size_t count);
} apus_operator;

typedef struct {
  int32_t abi;  // APUS_PLUGIN_ABI
  int32_t operator_count;
  const apus_operator *operators;
} apus_plugin;

// The one function that a library exports; what it returns lives as long as the library.
typedef const apus_plugin *(*apus_plugin_describe_function)(void);
APUS_PLUGIN_EXPORT const apus_plugin *apus_plugin_describe(void);

#ifdef __cplusplus
}
#endif
