import DVLAHashing
import DVLAKernels
import DVLAQuantization
import DVLATensors

/// Conversions, byte planes, quantization and hashing, from memory to memory.
enum KernelStages {
  static func all(_ weights: WeightData) throws -> [Stage] {
    let f32 = try TensorBytes(copying: weights.f32)
    let f16 = try TensorBytes(copying: weights.f16)
    let bf16 = try TensorBytes(copying: weights.bf16)
    let result = try TensorBytes(byteCount: weights.f32.count)
    var stages = [
      elementwise("to BF16", "F32", f32, result, 4, 2) { FloatConversion.bf16FromF32($0, into: &$1) },
      elementwise("to F32", "F16", f16, result, 2, 4) { FloatConversion.f32FromF16($0, into: &$1) },
      elementwise("to F32", "BF16", bf16, result, 2, 4) { FloatConversion.f32FromBF16($0, into: &$1) },
      elementwise("split planes", "BF16", bf16, result, 2, 2) { BytePlanes.split($0, width: 2, into: &$1) },
      elementwise("merge planes", "BF16", bf16, result, 2, 2) { BytePlanes.merge($0, width: 2, into: &$1) },
      elementwise("split planes", "F32", f32, result, 4, 4) { BytePlanes.split($0, width: 4, into: &$1) },
      elementwise("merge planes", "F32", f32, result, 4, 4) { BytePlanes.merge($0, width: 4, into: &$1) },
      Stage(name: "SHA-256", data: "bytes", byteCount: bf16.byteCount) { team in
        team.forEachPart(of: bf16.byteCount) { part, _ in
          bf16.withBytes { _ = SHA256.hash($0.extracting(part)) }
        }
      },
    ]
    let scales = try TensorBytes(byteCount: weights.f32.count / 16)
    for (dtype, source) in [(DType.bf16, bf16), (.f32, f32)] {
      for (words, granularity) in [
        ("per channel", Int8Scheme.Granularity.channel), ("groups of 32", .group(.of32)),
        ("groups of 128", .group(.of128)),
      ] {
        stages.append(
          try quantize(words, granularity, dtype, source, values: result, scales: scales))
      }
    }
    return stages
  }

  private static func elementwise(
    _ name: String, _ data: String, _ source: TensorBytes, _ result: TensorBytes, _ width: Int,
    _ resultWidth: Int, _ kernel: @escaping @Sendable (RawSpan, inout MutableRawSpan) -> Void
  ) -> Stage {
    Stage(name: name, data: data, byteCount: source.byteCount) { team in
      team.forEachPart(of: source.byteCount) { part, _ in
        let target = part.lowerBound / width * resultWidth..<part.upperBound / width * resultWidth
        source.withBytes { source in
          result.withMutableBytes(in: target) { kernel(source.extracting(part), &$0) }
        }
      }
    }
  }

  private static func quantize(
    _ words: String, _ granularity: Int8Scheme.Granularity, _ dtype: DType, _ source: TensorBytes,
    values: TensorBytes, scales: TensorBytes
  ) throws -> Stage {
    let width = dtype.bitWidth / 8
    let rows = source.byteCount / width / WeightData.columns
    let quantizer = try Int8Quantizer(
      tensor: "w", shape: [rows, WeightData.columns],
      scheme: Int8Scheme(granularity, scale: .absoluteMaximum))
    let scaleRow = quantizer.scaleShape[1] * 2
    return Stage(name: "quantize \(words)", data: dtype.rawValue, byteCount: source.byteCount) {
      team in
      team.forEachPart(of: source.byteCount) { part, _ in
        let row = part.lowerBound / width / WeightData.columns
        let count = part.count / width / WeightData.columns
        var errors = ErrorSums()
        let elements = row * WeightData.columns..<(row + count) * WeightData.columns
        source.withBytes { source in
          values.withMutableBytes(in: elements) { values in
            scales.withMutableBytes(in: row * scaleRow..<(row + count) * scaleRow) { scales in
              do {
                try quantizer.quantize(
                  source.extracting(part), of: dtype, firstRow: row, values: &values,
                  scales: &scales, errors: &errors)
              } catch { fatalError("\(error)") }
            }
          }
        }
      }
    }
  }
}
