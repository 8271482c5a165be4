import DVLABundles
import DVLADiagnostics
import DVLAModels
import DVLAQuantization
import DVLARemapping
import DVLATensors
import DVLATestSupport
import DepthVLAWeights
import Testing

/// A bundle computes what its weights say, however they are stored: the numbers are those of a
/// float32 model with the same weights written out.
struct StoredPrecisionTests {
  static let goldens = [
    GoldenCase("paligemma_pad", of: "paligemma/hf-hub"),
    GoldenCase("dinov2-with-registers_28x70", of: "dinov2-with-registers/hf"),
    GoldenCase("dinov2-swiglu_28x70", of: "dinov2-swiglu/hf"),
    GoldenCase("depth-anything-v2_28x70", of: "depth-anything-v2/hf"),
  ]

  static let halfPrecision = GoldenCase("paligemma_f16_nopad", of: "paligemma/hf-hub-f16")

  static let cases =
    goldens.flatMap { [($0, Precision.bf16, DType.bf16), ($0, .int8, .i8)] }
    + [(halfPrecision, .source, .f16)]

  @Test(arguments: cases)
  func storageChangesNoArithmetic(
    _ golden: GoldenCase, _ precision: Precision, _ dtype: DType
  ) throws {
    let scratch = try ScratchFolder()
    let library = try ManifestLibrary.embedded()
    let source = try ImportedSource(path: golden.checkpoint.path, library: library)
    var options = ConversionOptions(recipe: .preset(precision))
    options.keepsUnused = false
    _ = try Conversion(sources: [source], options: options, library: library)
      .write(to: scratch("bundle"))
    let bundle = try WeightBundle(path: scratch("bundle"))
    var model = try EditableModel(golden.checkpoint.name)
    let inputs = try golden.file().inputs()
    let original = try model.stages(inputs)
    model.source = try MemorySource(bundle)
    #expect(model.source.held.values.contains { $0.dtype == dtype })
    let found = try model.stages(inputs)
    model.source = try model.source.widened()
    #expect(Set(model.source.held.values.map(\.dtype)) == [.f32])
    let expected = try model.stages(inputs)
    #expect(found.map(\.value) == expected.map(\.value))
    // The bundle's weights are other numbers, unless it keeps them all.
    #expect((found.map(\.value) == original.map(\.value)) == (precision == .source))
  }
}

extension MemorySource {
  /// The numbers as float32, which holds all of them exactly; scales are multiplied in.
  func widened() throws -> MemorySource {
    var result = self
    for (name, tensor) in held where tensor.dtype != .f32 && !name.string.hasSuffix("_scale") {
      var values = tensor.widenedFloats
      let scale = TensorName(name.string + "_scale")
      if tensor.dtype == .i8 {
        let scales = try #require(held[scale]).widenedFloats
        let group = values.count / scales.count
        for index in values.indices { values[index] *= scales[index / group] }
      }
      result.held[name] = Held(values, shape: tensor.shape)
      result.held[scale] = nil
    }
    return result
  }
}

extension MemorySource.Held {
  fileprivate var widenedFloats: [Float] {
    func words(_ convert: (UInt16) -> Float) -> [Float] {
      stride(from: 0, to: bytes.count, by: 2).map {
        convert(UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8)
      }
    }
    switch dtype {
    case .i8: return bytes.map { Float(Int8(bitPattern: $0)) }
    case .bf16: return words { Float(bitPattern: UInt32($0) << 16) }
    case .f16: return words(halfPrecision)
    default: return floats
    }
  }
}

/// The value of half-precision bits, by the definition.
private func halfPrecision(_ bits: UInt16) -> Float {
  let (exponent, fraction) = (Int(bits >> 10 & 31), Float(bits & 1023))
  let magnitude =
    exponent == 0
    ? Float(sign: .plus, exponent: -24, significand: fraction)
    : Float(sign: .plus, exponent: exponent - 15, significand: 1 + fraction / 1024)
  return bits >> 15 == 0 ? magnitude : -magnitude
}
