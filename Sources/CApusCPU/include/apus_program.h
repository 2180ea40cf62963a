#ifndef APUS_PROGRAM_H
#define APUS_PROGRAM_H
#include <stddef.h>
#include <stdint.h>

// A fused element-wise program: straight-line code over tiles of at most APUS_TILE elements.
//
// Kernels never see tensors. Every buffer is an entry of the `slots` table that the session fills;
// kernel arguments name slots by index. Slot 0 always points to an apus_status.

#define APUS_TILE 256
#define APUS_MAX_RANK 8
#define APUS_MAX_REGISTERS 64

// Element types in memory. Registers hold float, int64_t or uint8_t (0 or 1).
typedef enum {
  APUS_F32 = 0,
  APUS_F64 = 1,
  APUS_F16 = 2,
  APUS_BF16 = 3,
  APUS_I8 = 4,
  APUS_I16 = 5,
  APUS_I32 = 6,
  APUS_I64 = 7,
  APUS_U8 = 8,
  APUS_U16 = 9,
  APUS_U32 = 10,
  APUS_U64 = 11,
  APUS_BOOL = 12
} apus_element;

// Set by a kernel that meets a value it must refuse; first writer wins.
typedef struct {
  int32_t code;      // 0: fine, else apus_status_code
  int32_t reserved;
  int64_t value;     // the offending value
  int64_t limit;     // the bound it broke
} apus_status;

typedef enum { APUS_OK = 0, APUS_INDEX_OUT_OF_RANGE = 1, APUS_DIVISION_BY_ZERO = 2 } apus_status_code;

// f = float register, i = int64 register, b = bool register.
typedef enum {
  APUS_OP_LOAD_F = 0,   // dst <- operand a, converted to float
  APUS_OP_LOAD_I,       // dst <- operand a, converted to int64
  APUS_OP_LOAD_B,       // dst <- operand a != 0
  APUS_OP_STORE_F,      // result a <- register b, converted to the result's element type
  APUS_OP_STORE_I,
  APUS_OP_STORE_B,
  APUS_OP_CONST_F,      // dst <- constants[a].real
  APUS_OP_CONST_I,      // dst <- constants[a].integer
  APUS_OP_CONST_B,
  // float arithmetic: dst <- a op b
  APUS_OP_ADD_F, APUS_OP_SUB_F, APUS_OP_MUL_F, APUS_OP_DIV_F,
  APUS_OP_MIN_F, APUS_OP_MAX_F,      // NaN if either is NaN
  APUS_OP_POW_F, APUS_OP_FMOD_F,     // C pow and fmod
  APUS_OP_FMA_F,                     // a * b + c
  // float functions: dst <- f(a)
  APUS_OP_NEG_F, APUS_OP_ABS_F, APUS_OP_SQRT_F, APUS_OP_RECIPROCAL_F,
  APUS_OP_EXP_F, APUS_OP_LOG_F, APUS_OP_SIN_F, APUS_OP_COS_F, APUS_OP_TANH_F, APUS_OP_ERF_F,
  APUS_OP_SIGMOID_F, APUS_OP_RELU_F, APUS_OP_FLOOR_F, APUS_OP_CEIL_F,
  APUS_OP_ROUND_F,                   // ties to even
  APUS_OP_SIGN_F,                    // NaN stays NaN
  APUS_OP_GELU_F,                    // a * 0.5 * (1 + erf(a / sqrt 2))
  APUS_OP_GELU_TANH_F,               // 0.5 a (1 + tanh(sqrt(2/pi) (a + 0.044715 a^3)))
  // float comparisons: dst(b) <- a op b
  APUS_OP_EQ_F, APUS_OP_LT_F, APUS_OP_LE_F,
  // int64, wrapping; division truncates towards zero, by zero sets the status, INT64_MIN / -1 wraps
  APUS_OP_ADD_I, APUS_OP_SUB_I, APUS_OP_MUL_I, APUS_OP_DIV_I,
  APUS_OP_MIN_I, APUS_OP_MAX_I, APUS_OP_NEG_I, APUS_OP_ABS_I, APUS_OP_SIGN_I,
  APUS_OP_EQ_I, APUS_OP_LT_I, APUS_OP_LE_I,
  // bool
  APUS_OP_AND_B, APUS_OP_OR_B, APUS_OP_XOR_B, APUS_OP_NOT_B, APUS_OP_EQ_B,
  // dst <- a ? b : c, a is a bool register
  APUS_OP_SELECT_F, APUS_OP_SELECT_I, APUS_OP_SELECT_B,
  // conversions between registers; float to int truncates, NaN -> 0, saturates
  APUS_OP_I_TO_F, APUS_OP_F_TO_I, APUS_OP_B_TO_F, APUS_OP_B_TO_I, APUS_OP_F_TO_B, APUS_OP_I_TO_B,
  APUS_OP_COUNT
} apus_opcode;

typedef struct {
  uint16_t op;          // apus_opcode
  uint16_t dst, a, b, c;  // registers, operand or constant indices, as the opcode says
} apus_instruction;

typedef union {
  double real;
  int64_t integer;
} apus_constant;

// How a program reads or writes one buffer: element type and one element stride per iteration
// dimension (0 broadcasts).
typedef struct {
  uint32_t slot;
  uint32_t element;     // apus_element
  int64_t offset;       // in elements
  int64_t stride[APUS_MAX_RANK];
} apus_operand;

typedef struct {
  const apus_instruction *instructions;
  const apus_constant *constants;
  const apus_operand *operands;
  const apus_operand *results;
  uint32_t instruction_count, constant_count, operand_count, result_count, register_count;
} apus_program;

// Makes a program ready in `scratch` (apus_program_scratch_bytes, 64-byte aligned), which then runs
// on pieces of its iteration space: `rows` by `count` elements along the last two of `rank`
// dimensions from the coordinates `at` on (rank below 2: one row).
void apus_program_begin(const apus_program *program, void *const *slots, void *scratch);
void apus_program_run_rows(void *scratch, const int64_t *at, uint32_t rank, int64_t rows,
                           int64_t count);

size_t apus_program_scratch_bytes(const apus_program *program);

#endif
