public import DVLADiagnostics
public import DVLAJSON
public import DVLATensors

/// transformers' image processor of pi0: as large as fits, in the upper left corner of a frame,
/// with zeros beside it.
///
/// The frame is filled up after values were normalised, so that zeros are grey, and not black as in
/// openpi's frames. Source: transformers 5.24, `PI0ImageProcessor` and `TorchvisionBackend`; the
/// values are the same bits. There is no other backend.
public struct PI0Processor: Sendable {
  /// What a picture has to fit into.
  public let limit: PixelSize
  /// The frame; nil where pictures are not filled up.
  public let frame: PixelSize?
  public let method: ResizeMethod
  public let normalization: PixelNormalization

  /// pi0's frames are 224 x 224.
  ///
  /// - Precondition: no side of 0.
  public init(
    limit: PixelSize, frame: PixelSize?, method: ResizeMethod = ResizeMethod(.torchvision),
    normalization: PixelNormalization? = nil
  ) {
    precondition(limit.isPositive && frame?.isPositive ?? true, "no side of 0")
    (self.limit, self.frame, self.method) = (limit, frame, method)
    self.normalization = normalization ?? PixelNormalization(.half, backend: method.backend)
  }

  /// From a `preprocessor_config.json`, or the object under `image_processor` of a
  /// `processor_config.json`; what it leaves out has upstream's default (224 x 224).
  ///
  /// - Throws: `preprocessor.value`, `preprocessor.unsupported`, `json.type`.
  public init(preprocessorConfig: JSONObject) throws(WeightsError) {
    let config = try PreprocessorConfiguration(
      preprocessorConfig, processor: "PI0ImageProcessor", alias: nil,
      backend: .torchvision)
    try config.refuseCentreCrop()
    guard try config.resizes else {
      throw config.unsupported("do_resize", "expected true, found false")
    }
    let limit: PixelSize
    switch try config.size("size", integerIsSquare: false) {
    case nil: limit = PixelSize(height: 224, width: 224)
    case .within(let size): limit = size
    default:
      throw config.unsupported("size", "expected max_height and max_width, found another form")
    }
    let frame =
      try config.flag("do_pad", default: true)
      ? try config.exactSize("pad_size", integerIsSquare: true)
        ?? PixelSize(height: 224, width: 224) : nil
    if let frame, limit.height > frame.height || limit.width > frame.width {
      throw config.unsupported(
        "size", "expected at most pad_size, the frame of \(frame), found \(limit)")
    }
    self.init(
      limit: limit, frame: frame,
      method: config.method, normalization: try config.normalization(default: .half))
  }

  /// The rows and columns of the frame that the picture fills.
  ///
  /// - Throws: `image.aspect` where a side of the picture would be 0, `image.too-large`, also where
  ///   the picture would be larger than the frame.
  public func content(
    of image: RGBImage
  ) throws(WeightsError) -> (rows: Range<Int>, columns: Range<Int>) {
    let size = try ResizeRule.within(limit).size(for: image).checked(for: image)
    if let frame, size.height > frame.height || size.width > frame.width {
      throw WeightsError(
        .imageTooLarge,
        "the image would be resized to \(size), which does not fit into a frame of \(frame)")
    }
    return (0..<size.height, 0..<size.width)
  }

  /// - Returns: [3, H, W], the frame's size.
  /// - Throws: `image.aspect`, `image.too-large`.
  public func callAsFunction(_ image: RGBImage) throws(WeightsError) -> Tensor {
    let (rows, columns) = try content(of: image)
    let size = PixelSize(height: rows.count, width: columns.count)
    let values = normalization(size.resize(image, by: method))
    guard let frame else { return values }
    return values.framed(in: frame, top: 0, left: 0, filling: 0)
  }
}
