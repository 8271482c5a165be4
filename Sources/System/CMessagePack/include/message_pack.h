#ifndef CMESSAGEPACK_H
#define CMESSAGEPACK_H

#endif
