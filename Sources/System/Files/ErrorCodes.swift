public import DVLADiagnostics

extension WeightsError.Code {
  /// No such file or folder.
  public static let fileNotFound = Self("file.not-found")
  /// The user may not read or write it.
  public static let filePermission = Self("file.permission")
  /// A folder, pipe, socket or device where a regular file is needed.
  public static let fileNotRegular = Self("file.not-regular")
  /// Something else where a folder is needed.
  public static let fileNotFolder = Self("file.not-folder")
  /// The path is empty, too long, or contains a NUL.
  public static let filePath = Self("file.path")
  /// The name is not one plain path component.
  public static let fileName = Self("file.name")
  /// A symbolic link inside a folder leads out of it.
  public static let fileLink = Self("file.link")
  /// The file is longer than the caller is ready to read.
  public static let fileTooLarge = Self("file.too-large")
  /// A read outside the file as it was when it was opened.
  public static let fileRange = Self("file.range")
  /// The file ended earlier than it did when it was opened.
  public static let fileShrank = Self("file.shrank")
  /// The file was written to since it was opened.
  public static let fileChanged = Self("file.changed")
  /// Reading failed.
  public static let fileRead = Self("file.read")
  /// Writing failed.
  public static let fileWrite = Self("file.write")
  /// The file system, quota or size limit leaves no room.
  public static let fileNoSpace = Self("file.no-space")
  /// The output exists and may not be replaced.
  public static let fileExists = Self("file.exists")
  /// The output cannot be created there.
  public static let fileCannotCreate = Self("file.cannot-create")
  /// Written to, or finished, after it was finished.
  public static let fileFinished = Self("file.finished")
  /// The output would replace what it is made from.
  public static let outputIsInput = Self("output.is-input")
  /// Out of file descriptors or memory.
  public static let fileUnavailable = Self("file.unavailable")
}
