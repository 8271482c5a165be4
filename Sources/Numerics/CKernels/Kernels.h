// Every kernel for one instruction set, and their table. Included once for each, with
// DVLA_SUFFIX and DVLA_HAS_F16_CONVERSION defined.

#include "Vectors.h"

#include "Conversion.h"
#include "Planes.h"
#include "Scan.h"
#include "Errors.h"
#include "Int8.h"
#include "Draws.h"
#include "Elementary.h"
#include "Activations.h"
#include "Norms.h"
#include "Softmax.h"
#include "RowArithmetic.h"

const dvla_kernels K(dvla_kernels) = {
    .bf16_from_f32 = K(bf16_from_f32),
    .f32_from_bf16 = K(f32_from_bf16),
    .f32_from_f16 = K(f32_from_f16),
    .bf16_from_f16 = K(bf16_from_f16),
    .split16 = K(split16),
    .merge16 = K(merge16),
    .split32 = K(split32),
    .merge32 = K(merge32),
    .scan_f32 = K(scan_f32),
    .scan_bf16 = K(scan_bf16),
    .scan_f16 = K(scan_f16),
    .compare_rows = K(compare_rows),
    .quantize_rows = K(quantize_rows),
    .quantize_bf16_rows = K(quantize_bf16_rows),
    .dequantize_rows = K(dequantize_rows),
    .irwin_hall = K(irwin_hall),
    .gelu_erf = K(gelu_erf),
    .gelu_tanh = K(gelu_tanh),
    .silu = K(silu),
    .relu = K(relu),
    .sigmoid = K(sigmoid),
    .layer_norm = K(layer_norm),
    .rms_norm = K(rms_norm),
    .softmax_rows = K(softmax_rows),
    .add_bias = K(add_bias),
    .add = K(add),
    .add_scaled = K(add_scaled),
    .multiply = K(multiply),
    .rotate = K(rotate),
};
