public import DVLADiagnostics
public import DVLAModels
public import DVLASafetensors
public import DVLATensors

/// A golden: inputs of a model and the activations recorded from them, or an image and what image
/// processors made of it. `Goldens.md` describes the file.
///
/// Opening reads the header alone.
public struct Golden: Sendable {
  public let file: SafetensorsFile
  /// The metadata of the file, in its order.
  public let metadata: [(key: String, value: String)]
  /// The inputs, by their names without `in.`, sorted.
  public let inputs: [(name: String, info: TensorInfo)]
  /// The recorded stages, sorted by name.
  public let stages: [RecordedStage]
  /// What image processors made of `in.rgb`; empty in a golden of activations.
  public let results: [ProcessedImage]
  /// Tensors that are none of these, sorted.
  public let unread: [TensorName]

  public var path: String { file.path }

  /// The family of the model it was recorded from, where it says so.
  public var family: String? { self["family"] }

  /// The value of a metadata key.
  public subscript(key: String) -> String? { metadata.first { $0.key == key }?.value }

  /// Whether it holds an image before preprocessing rather than activations.
  public var isOfPreprocessing: Bool { stages.isEmpty && !results.isEmpty }

  /// Bytes of what ours is compared with.
  public var comparedByteCount: Int {
    stages.reduce(0) { $0 + $1.reference.byteCount }
      + results.reduce(0) { $0 + $1.info.byteCount }
  }

  /// - Throws: `golden.tensor` for inputs and stages of a name, type or shape that the schema does
  ///   not know; what opening a safetensors file throws.
  public init(path: String) throws(WeightsError) {
    file = try SafetensorsFile(path: path)
    metadata = file.header.metadata ?? []
    try inFile(path) { [metadata] () throws(WeightsError) in try Self.checkSwitches(metadata) }
    var inputs: [(name: String, info: TensorInfo)] = []
    var recorded: [String: (f64: TensorInfo?, f32: TensorInfo?)] = [:]
    var others: [TensorInfo] = []
    do throws(WeightsError) {
      for info in file.tensors {
        let name = info.name.string
        if let input = name.after("in.") {
          try Self.checkInput(input, info)
          inputs.append((input, info))
        } else if let stage = name.after("f64.") {
          try Self.check(stage, info, [.f64])
          recorded[stage, default: (nil, nil)].f64 = info
        } else if let stage = name.after("f32.") {
          try Self.check(stage, info, [.f32, .f16, .bf16])
          recorded[stage, default: (nil, nil)].f32 = info
        } else {
          others.append(info)
        }
      }
      var stages: [RecordedStage] = []
      for (name, infos) in recorded.sorted(by: { TensorName($0.key) < TensorName($1.key) }) {
        stages.append(try RecordedStage(name: name, f64: infos.f64, f32: infos.f32))
      }
      let isImage = stages.isEmpty && inputs.contains { $0.name == "rgb" }
      let results = isImage ? others.compactMap(ProcessedImage.init) : []
      let read = Set(results.map(\.info.name))
      self.stages = stages
      self.results = results.sorted { $0.info.name < $1.info.name }
      unread = others.map(\.name).filter { !read.contains($0) }.sorted()
    } catch { throw error.inFile(path) }
    self.inputs = inputs.sorted { TensorName($0.name) < TensorName($1.name) }
  }

  /// Checks the switches: a golden with a misspelt one would be run with another.
  private static func checkSwitches(
    _ metadata: [(key: String, value: String)]
  ) throws(WeightsError) {
    let allowed = ["mask": AttentionPattern.allCases.map(\.rawValue), "depth": ["true", "false"]]
    for (key, value) in metadata {
      guard let words = allowed[key], !words.contains(value) else { continue }
      throw WeightsError(
        .goldenTensor,
        "metadata \(key.quoted): expected \(words.joined(separator: " or ")), found \(value.quoted)"
      )
    }
  }

  private static func checkInput(_ name: String, _ info: TensorInfo) throws(WeightsError) {
    try check(name, info, ElementReader.floatingTypes + ElementReader.integerTypes)
    let limit = ElementReader.integerTypes.contains(info.dtype) ? largestIntegers : largestFloats
    guard info.shape.elementCount <= limit else {
      throw WeightsError(
        .goldenTensor, tensor: info.name.string,
        "expected an input of at most \(limit) elements, found \(info.shape)")
    }
  }

  // Inputs are held in memory.

  /// A batch of 85 images of 1024 x 1024.
  private static let largestFloats = 1 << 28
  /// A thousand of the longest sequences, or an image of 5 million pixels.
  private static let largestIntegers = 1 << 24

  private static func check(
    _ name: String, _ info: TensorInfo, _ types: [DType]
  ) throws(WeightsError) {
    // Names of stages and inputs are looked up as text, where Unicode has more than one spelling.
    guard !name.isEmpty, name.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else {
      throw WeightsError(
        .goldenTensor, tensor: info.name.string,
        "expected a name in ASCII after the prefix, found \(name.quoted)")
    }
    guard types.contains(info.dtype) else {
      throw WeightsError(
        .goldenTensor, tensor: info.name.string,
        "is \(info.dtype.rawValue), expected one of \(types.map(\.rawValue).joined(separator: ", "))"
      )
    }
  }
}

/// A stage as a golden holds it.
public struct RecordedStage: Sendable {
  public let name: String
  public let shape: Shape
  /// What ours is compared with: the float64 run where there is one, else the float32 run.
  public let reference: TensorInfo
  /// Upstream's own float32 run, where the reference is a float64 run.
  public let upstream: TensorInfo?

  init(name: String, f64: TensorInfo?, f32: TensorInfo?) throws(WeightsError) {
    guard let reference = f64 ?? f32 else {
      preconditionFailure("a stage is recorded once at least")
    }
    self.name = name
    self.reference = reference
    shape = reference.shape
    upstream = f64 == nil ? nil : f32
    guard shape.elementCount > 0 else {
      throw WeightsError(
        .goldenEmpty, tensor: reference.name.string,
        "expected elements to compare, found the shape \(shape)")
    }
    if let upstream, upstream.shape != shape {
      throw WeightsError(
        .goldenTensor, tensor: upstream.name.string,
        "expected the shape \(shape) of \(reference.name.string), found \(upstream.shape)")
    }
  }
}

extension String {
  /// What follows the prefix; nil where the text does not start with it.
  func after(_ prefix: String) -> String? {
    utf8.starts(with: prefix.utf8)
      ? String(decoding: utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
      : nil
  }
}

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

extension WeightsError.Code {
  /// A tensor of a golden has a name, type or shape that the schema does not know.
  public static let goldenTensor = Self("golden.tensor")
  /// An input of a golden holds a value that no input can have.
  public static let goldenValue = Self("golden.value")
  /// A golden without inputs or without stages, or a stage without one element to compare.
  public static let goldenEmpty = Self("golden.empty")
  /// A golden of another model than the one it is to be compared with.
  public static let goldenUnfit = Self("golden.unfit")
  /// A stage cannot be recorded: the model shows it twice, or it holds a NaN or an infinity.
  public static let goldenStage = Self("golden.stage")
}
