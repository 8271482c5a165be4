public import DVLADiagnostics

extension WeightsError.Code {
  /// The file has no bytes.
  public static let imageEmpty = Self("image.empty")
  /// The file holds a picture in a format that is not read.
  public static let imageUnsupportedFormat = Self("image.unsupported-format")
  /// The file does not start as any picture does.
  public static let imageNotAnImage = Self("image.not-an-image")
  /// The file was changed as if it were text.
  public static let imageTransfer = Self("image.transfer")
  /// The file ends early.
  public static let imageTruncated = Self("image.truncated")
  /// The checksum of a PNG chunk does not match its bytes.
  public static let imageChecksum = Self("image.checksum")
  /// A rule about chunks, segments or header fields is broken.
  public static let imageStructure = Self("image.structure")
  /// A side of 0.
  public static let imageZeroSize = Self("image.zero-size")
  /// Larger than the limits.
  public static let imageTooLarge = Self("image.too-large")
  /// Of another size than the one that needs no resizing.
  public static let imageSize = Self("image.size")
  /// More pixels than so few bytes can hold.
  public static let imageSizeLie = Self("image.size-lie")
  /// The compressed data are broken, or more or less than the picture needs.
  public static let imageCorrupt = Self("image.corrupt")
  /// 16-bit grey, whose range only its maker knows.
  public static let imageGrey16 = Self("image.grey16")
  /// An EXIF block that is not one.
  public static let imageExif = Self("image.exif")
  /// No memory for the codec.
  public static let imageMemory = Self("image.memory")
  /// libpng could not encode, which sound arguments never cause.
  public static let imageEncode = Self("image.encode")
  /// A picture so narrow that resizing it leaves no pixel along one side.
  public static let imageAspect = Self("image.aspect")

  /// A depth map holds NaN or infinity.
  public static let depthNotFinite = Self("depth.not-finite")

  /// A value that makes no sense for its key.
  public static let preprocessorValue = Self("preprocessor.value")
  /// A value that upstream honours and this project does not.
  public static let preprocessorUnsupported = Self("preprocessor.unsupported")
}
