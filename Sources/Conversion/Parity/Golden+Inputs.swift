public import DVLADiagnostics
public import DVLAModels
import DVLATensors

extension Golden {
  /// The inputs as a model takes them: floating types as float32, integers and booleans as whole
  /// numbers.
  ///
  /// - Returns: also the names of the inputs that float32 cannot hold exactly, which were rounded
  ///   to nearest.
  /// - Throws: `golden.empty` when there are none; `golden.value` for a value beyond the range of
  ///   float32 or a boolean that is none; what reading throws.
  public func modelInputs() throws(WeightsError) -> (inputs: ModelInputs, rounded: [String]) {
    guard !inputs.isEmpty else {
      throw WeightsError(
        .goldenEmpty, file: path, "holds no inputs: expected tensors named in.NAME")
    }
    var result = ModelInputs()
    var rounded: [String] = []
    for (name, info) in inputs {
      if ElementReader.integerTypes.contains(info.dtype) {
        var reader = ElementReader(info, in: file)
        result.integers[name] = IntegerTensor(
          try reader.integers(0..<info.shape.elementCount), shape: info.shape)
      } else if info.shape.rank == 0 {
        var reader = ElementReader(info, in: file)
        var values: [Double] = []
        try reader.read(0..<1, into: &values)
        result.numbers[name] = values[0]
      } else {
        let (tensor, isRounded) = try floats(info)
        result.floats[name] = tensor
        if isRounded { rounded.append(name) }
      }
    }
    return (result, rounded)
  }

  private func floats(_ info: TensorInfo) throws(WeightsError) -> (Tensor, isRounded: Bool) {
    var reader = ElementReader(info, in: file)
    var values: [Float] = []
    values.reserveCapacity(info.shape.elementCount)
    var block: [Double] = []
    var isRounded = false
    for range in (0..<info.shape.elementCount).blocks {
      try reader.read(range, into: &block)
      for value in block {
        let narrow = Float(value)
        guard !narrow.isInfinite || value.isInfinite else {
          throw WeightsError(
            .goldenValue, file: path, tensor: info.name.string,
            "element \(values.count) is \(value), expected a value in the range of float32")
        }
        // A NaN is no rounding.
        if Double(narrow) != value, !value.isNaN { isRounded = true }
        values.append(narrow)
      }
    }
    return (Tensor(values, shape: info.shape), isRounded)
  }
}

extension Range<Int> {
  /// The range in pieces of at most 64 Ki, so that what is read of a file stays small.
  var blocks: [Range<Int>] {
    stride(from: lowerBound, to: upperBound, by: 1 << 16).map {
      $0..<Swift.min(upperBound, $0 + (1 << 16))
    }
  }
}
