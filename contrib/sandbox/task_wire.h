/* task_wire: the asynchronous task API, https://docs.toapis.com.
 *
 *   POST /v1/images/generations           submit
 *   GET  /v1/images/generations/ID        status, by task id or client_business_id
 *   POST /v1/uploads/images               reference pictures (upload.h)
 *   GET  /v1/balance, /v1/user/balance    credit
 *   GET  /v1/models?type=image            the table of models.h */
#ifndef SANDBOX_TASK_WIRE_H
#define SANDBOX_TASK_WIRE_H

#include "api.h"
extern const struct wire task_wire;

#endif
