public import Diagnostics
import StrictJSON

extension WeightsError.Code {
  /// A key that no image processor of this family has.
  public static let preprocessorKey = Self("preprocessor.key")
  /// A value that makes no sense for its key.
  public static let preprocessorValue = Self("preprocessor.value")
  /// A value that upstream honours and this project does not.
  public static let preprocessorUnsupported = Self("preprocessor.unsupported")
}

/// The keys of a `preprocessor_config.json`, each either honoured, of no consequence, or refused.
///
/// As in transformers 5.23, a key with the value null counts as left out.
struct PreprocessorConfiguration {
  private let object: JSONObjectReader
  /// What a size of one number means: a square, or the length of the shorter side. Nil where the
  /// class of the processor decides.
  let integerSizeIsSquare: Bool?

  /// Keys that say nothing about what becomes of an RGB picture.
  private static let inconsequential: Set<String> = [
    "image_processor_type", "feature_extractor_type", "processor_class", "_processor_class",
    "auto_map", "_valid_processor_keys", "image_seq_length", "do_convert_rgb", "default_to_square",
    "device", "disable_grouping", "return_tensors", "input_data_format", "pad_size",
  ]
  private static let honoured: Set<String> = [
    "do_resize", "size", "resample", "do_center_crop", "crop_size", "do_rescale", "rescale_factor",
    "do_normalize", "image_mean", "image_std", "do_pad", "data_format",
  ]
  /// Pillow's numbers for its filters.
  private static let filters = [
    "nearest", "Lanczos", "bilinear", "bicubic", "box", "Hamming", "MKS2013", "MKS2021",
  ]
  private static let bicubic = 3

  /// - Parameters:
  ///   - processor: the upstream class, also with `Fast` or `Pil` behind its name.
  ///   - alias: an older name of it.
  ///   - keys: those that only this family has.
  init(
    _ config: JSONObject, processor: String, alias: String?, keys: Set<String>
  ) throws(WeightsError) {
    object = try JSONReader(.object(config)).object()
    integerSizeIsSquare = try object.optional("default_to_square").flatMap {
      $0.isNull ? nil : $0
    }?.bool()
    let known = Self.inconsequential.union(Self.honoured).union(keys)
    for (key, _) in object.members where !known.contains(key) {
      throw WeightsError(.preprocessorKey, "\(key.quoted) is no setting of \(processor)")
    }
    let names = [processor, processor + "Fast", processor + "Pil"] + (alias.map { [$0] } ?? [])
    for key in ["image_processor_type", "feature_extractor_type"] {
      guard let type = try value(key)?.string(), !names.contains(type) else { continue }
      throw WeightsError(
        .preprocessorUnsupported, "expected \(key) \(processor), found \(type.quoted)")
    }
    if try flag("do_pad") ?? false { throw unsupported("do_pad", "expected false, found true") }
    if let resample = try integer("resample", in: 0...7), resample != Self.bicubic {
      throw unsupported(
        "resample", "expected 3 (bicubic), found \(resample) (\(Self.filters[resample]))")
    }
    if let format = try value("data_format")?.string(), format != "channels_first" {
      throw unsupported("data_format", "expected channels_first, found \(format.quoted)")
    }
  }

  func unsupported(_ key: String, _ message: String) -> WeightsError {
    WeightsError(.preprocessorUnsupported, "\(key): \(message)")
  }

  private func value(_ key: String) -> JSONReader? {
    object.optional(key).flatMap { $0.isNull ? nil : $0 }
  }

  func flag(_ key: String) throws(WeightsError) -> Bool? { try value(key)?.bool() }

  func integer(_ key: String, in range: ClosedRange<Int>) throws(WeightsError) -> Int? {
    try value(key)?.integer(in: range)
  }

  func refuseCentreCrop() throws(WeightsError) {
    if try flag("do_center_crop") ?? false {
      throw unsupported("do_center_crop", "expected false, found true")
    }
  }

  /// A size that leaves no side open.
  func exactSize(
    _ key: String, integerIsSquare: Bool
  ) throws(WeightsError) -> PixelSize? {
    switch try size(key, integerIsSquare: integerIsSquare) {
    case nil: return nil
    case .exact(let size): return size
    case .shortestEdge:
      throw unsupported(key, "expected height and width, found the shortest edge alone")
    }
  }

  /// A size as an object with `height` and `width` or with `shortest_edge`, or as one number.
  func size(
    _ key: String, integerIsSquare: Bool
  ) throws(WeightsError) -> ResizeRule? {
    guard let value = value(key) else { return nil }
    let range = 1...ImageLimits.default.side
    if value.value.object == nil {
      let side = try value.integer(in: range)
      return integerIsSquare ? .exact(PixelSize(height: side, width: side)) : .shortestEdge(side)
    }
    let members = try value.object()
    switch Set(members.members.map(\.key)) {
    case ["height", "width"]:
      return .exact(
        PixelSize(
          height: try members.required("height").integer(in: range),
          width: try members.required("width").integer(in: range)))
    case ["shortest_edge"]:
      return .shortestEdge(try members.required("shortest_edge").integer(in: range))
    case let keys:
      throw unsupported(
        key,
        "expected height and width, or shortest_edge, found "
          + keys.sorted().map(\.quoted).joined(separator: ", "))
    }
  }

  func normalization(
    default standard: PixelNormalization.MeanAndDeviation
  ) throws(WeightsError) -> PixelNormalization {
    let factor = try value("rescale_factor")?.number() ?? 1.0 / 255
    let mean = try channels("image_mean") ?? standard.mean
    let deviation = try channels("image_std") ?? standard.deviation
    guard deviation.allSatisfy({ Float($0) > 0 && Float($0).isFinite }) else {
      throw WeightsError(
        .preprocessorValue, "image_std: expected positive deviations, found \(deviation)")
    }
    guard mean.allSatisfy({ Float($0).isFinite }), Float(factor * 255).isFinite else {
      throw WeightsError(
        .preprocessorValue, "image_mean, rescale_factor: expected numbers that a float can hold")
    }
    return PixelNormalization(
      rescaleFactor: try flag("do_rescale") ?? true ? factor : nil,
      try flag("do_normalize") ?? true
        ? PixelNormalization.MeanAndDeviation(mean: mean, deviation: deviation) : nil)
  }

  /// Three numbers, or one for all three.
  private func channels(_ key: String) throws(WeightsError) -> [Double]? {
    guard let value = value(key) else { return nil }
    guard value.value.array != nil else {
      let number = try value.number()
      return [number, number, number]
    }
    var numbers: [Double] = []
    for element in try value.array() { numbers.append(try element.number()) }
    guard numbers.count == 3 else {
      throw WeightsError(
        .preprocessorValue, "\(key): expected 3 numbers, found \(numbers.count)")
    }
    return numbers
  }
}
